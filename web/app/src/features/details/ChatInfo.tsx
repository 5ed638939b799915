import { Trans, useLingui } from "@lingui/react/macro";
import type { BusinessProfile, ChatView } from "@plauder/client/api";
import { ChevronRight, Flag, ShieldCheck, Store, UserMinus, UserPlus, UserX } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useClient, useLive, useLiveOf } from "../../lib/client.ts";
import { useShownNumber } from "../../lib/phone.ts";
import { useWeekdays } from "../../lib/week.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { PaneClose } from "../../ui/PaneClose.tsx";
import { ChatFacts } from "./ChatFacts.tsx";
import { GroupFacts } from "./GroupFacts.tsx";

const RenameContact = lazy(() => import("./RenameContact.tsx"));

interface Props {
  chat: ChatView;
  onClose: () => void;
  onSafety: () => void;
  onMedia: () => void;
  onChat: (id: string) => void;
  onLeft: () => void;
  onReport: () => void;
}

/** Who this is, and everything about this chat. */
export default function ChatInfo(props: Props) {
  const { chat, onClose, onMedia } = props;
  const { t } = useLingui();
  const contact = useLiveOf((client) => client.contacts.one(chat.id), [chat.id]);
  const number = useShownNumber(contact?.number);
  const title =
    chat.kind === "group" ? t`Group info` : chat.kind === "business" ? t`Business info` : t`Contact info`;
  return (
    <aside className="details" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <PaneClose onClose={onClose} />
      </header>
      <div className="flex flex-col items-center gap-1 py-3 text-center">
        <Avatar of={chat.avatar} square={chat.kind === "business"} size={112} />
        <h3 className="mt-3 flex items-center gap-2 text-2xl font-[690] tracking-[-.02em]">
          {chat.name}
          {chat.kind === "business" && (
            <Store size={18} className="text-plum" role="img" aria-label={t`Business`} />
          )}
        </h3>
        {contact?.number && (
          <p className="num text-ink-2" dir="ltr">
            {number}
          </p>
        )}
        {contact?.about && (
          <p className="text-ink-2" dir="auto">
            {contact.about}
          </p>
        )}
      </div>
      {chat.kind === "group" && <GroupFacts chat={chat} onChat={props.onChat} onLeft={props.onLeft} />}
      {chat.kind === "business" && <BusinessFacts id={chat.id} />}
      {chat.kind === "person" && (
        <button type="button" className="note w-full items-center text-start" onClick={props.onSafety}>
          <ShieldCheck size={18} aria-hidden />
          <span className="flex-1">
            <Trans>
              <b>End-to-end encrypted.</b> Compare the safety number to be sure.
            </Trans>
          </span>
          <ChevronRight size={14} className="rtl:rotate-180" aria-hidden />
        </button>
      )}
      <ChatFacts chat={chat} onMedia={onMedia} />
      {chat.kind === "person" && <CommonGroups id={chat.id} onChat={props.onChat} />}
      {chat.kind !== "group" && contact && (
        <ContactActions {...props} isContact={contact.isContact} isBlocked={contact.isBlocked} />
      )}
    </aside>
  );
}

function ContactActions({
  chat,
  isContact,
  isBlocked,
  onReport,
}: Props & { isContact: boolean; isBlocked: boolean }) {
  const { t } = useLingui();
  const { contacts } = useClient();
  const [renaming, setRenaming] = useState(false);
  return (
    <div className="sect !block">
      <div className="-mx-2 text-md">
        <button type="button" className="menu-item" onClick={() => setRenaming(true)}>
          <UserPlus size={18} aria-hidden />
          {isContact ? t`Change name` : t`Add to contacts`}
        </button>
        {isContact && (
          <button type="button" className="menu-item" onClick={() => void contacts.remove(chat.id)}>
            <UserMinus size={18} aria-hidden />
            {t`Remove from contacts`}
          </button>
        )}
        <button
          type="button"
          className="menu-item danger"
          onClick={() => void (isBlocked ? contacts.unblock(chat.id) : contacts.block(chat.id))}
        >
          <UserX size={18} aria-hidden />
          {isBlocked ? t`Unblock` : t`Block`}
        </button>
        <button type="button" className="menu-item danger" onClick={onReport}>
          <Flag size={18} aria-hidden />
          {t`Report`}
        </button>
      </div>
      <Suspense>
        {renaming && (
          <RenameContact
            id={chat.id}
            name={chat.name}
            isContact={isContact}
            onClose={() => setRenaming(false)}
          />
        )}
      </Suspense>
    </div>
  );
}

function BusinessFacts({ id }: { id: string }) {
  const { t } = useLingui();
  const { contacts } = useClient();
  const weekday = useWeekdays();
  const [profile, setProfile] = useState<BusinessProfile>();
  useEffect(() => {
    void contacts.businessProfile(id).then(setProfile);
  }, [contacts, id]);
  if (!profile) return null;
  const { hostedBy } = profile;
  return (
    <>
      {hostedBy && (
        <p className="enc host !my-2">
          <Store size={16} className="flex-none" aria-hidden />
          <Trans>Uses a hosted inbox: encryption ends at {hostedBy}.</Trans>
        </p>
      )}
      <dl className="grid gap-3 py-2 text-md [&_dt]:text-xs [&_dt]:text-ink-2">
        {profile.description && <Fact name={t`About`}>{profile.description}</Fact>}
        {profile.address && <Fact name={t`Address`}>{profile.address}</Fact>}
        {profile.email && <Fact name={t`E-mail`}>{profile.email}</Fact>}
        {profile.hours && profile.hours.length > 0 && (
          <Fact name={t`Opening hours`}>
            {profile.hours.map(({ day, open }) => (
              <span key={day} className="flex justify-between gap-3">
                {weekday(day)} <span className="num">{open}</span>
              </span>
            ))}
          </Fact>
        )}
        {profile.websites.map((site) => (
          <Fact key={site} name={t`Website`}>
            {/^https?:\/\//u.test(site) ? (
              <a href={site} target="_blank" rel="noopener noreferrer nofollow">
                {site}
              </a>
            ) : (
              site
            )}
          </Fact>
        ))}
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

function CommonGroups({ id, onChat }: { id: string; onChat: (id: string) => void }) {
  const { t } = useLingui();
  const client = useClient();
  const chats = useLive(client.chats.list);
  const [ids, setIds] = useState<readonly string[]>([]);
  useEffect(() => {
    void client.contacts.groupsInCommon(id).then(setIds);
  }, [client, id]);
  const groups = (chats ?? []).filter((chat) => ids.includes(chat.id));
  if (groups.length === 0) return null;
  return (
    <>
      <h3 className="sect">{t`Groups in common`}</h3>
      {groups.map((group) => (
        <button
          type="button"
          key={group.id}
          className="chat-row -mx-2 !min-h-13"
          onClick={() => onChat(group.id)}
        >
          <Avatar of={group.avatar} size={36} />
          <span className="cut font-semibold">{group.name}</span>
        </button>
      ))}
    </>
  );
}
