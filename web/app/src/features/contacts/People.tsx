import { useLingui } from "@lingui/react/macro";
import type { ContactView } from "@plauder/client/api";
import { isPartOf } from "@plauder/client/core/numbers";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, Search, Store, UserRoundPlus, UsersRound } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";

const NewChat = lazy(() => import("./NewChat.tsx"));
const InviteFriend = lazy(() => import("./InviteFriend.tsx"));

/** Everyone I know here, by name. */
export function People() {
  const { t, i18n } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const contacts = useLive(client.contacts.list);
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState<"new" | "invite" | "group">();
  const groups = useMemo(() => byLetter(contacts ?? [], query, i18n.locale), [contacts, query, i18n.locale]);
  const close = () => setOpen(undefined);
  return (
    <div className="panes" data-open="false">
      <section className="list-pane" aria-label={t`People`}>
        <header className="pane-head">
          <h1>{t`People`}</h1>
          <IconButton label={t`Find or add someone`} active onClick={() => setOpen("new")}>
            <Plus size={20} strokeWidth={1.75} />
          </IconButton>
        </header>
        <div className="px-4 pb-2">
          <label className="find">
            <Search size={16} aria-hidden />
            <input
              type="search"
              value={query}
              placeholder={t`Search people`}
              aria-label={t`Search people`}
              onChange={(event) => setQuery(event.currentTarget.value)}
            />
          </label>
        </div>
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 [scrollbar-width:thin]">
          <button type="button" className="chat-row !min-h-14" onClick={() => setOpen("group")}>
            <span className="grid size-[46px] place-items-center rounded-full bg-brand-soft text-brand-strong">
              <UsersRound size={20} aria-hidden />
            </span>
            <span className="name">{t`New group`}</span>
          </button>
          <button type="button" className="chat-row !min-h-14" onClick={() => setOpen("invite")}>
            <span className="grid size-[46px] place-items-center rounded-full bg-brand-soft text-brand-strong">
              <UserRoundPlus size={20} aria-hidden />
            </span>
            <span className="name">{t`Invite a friend`}</span>
          </button>
          {!contacts && <RowsSkeleton />}
          {contacts && groups.length === 0 && (
            <Empty title={query ? t`Nobody has this name.` : t`Nobody here yet`} />
          )}
          {groups.map(([letter, people]) => (
            <section key={letter} aria-label={letter}>
              <h2 className="px-3 pt-3 pb-1 text-xs font-[650] text-ink-3">{letter}</h2>
              {people.map((one) => (
                <Link key={one.id} to="/chats/$chat" params={{ chat: one.id }} className="chat-row !min-h-14">
                  <Avatar
                    of={one.avatar}
                    square={one.kind === "business"}
                    online={one.presence.kind === "online"}
                  />
                  <span className="min-w-0 flex-1">
                    <span className="line">
                      <span className="name cut">{one.name}</span>
                      {one.kind === "business" && (
                        <Store size={14} className="text-plum" role="img" aria-label={t`Business`} />
                      )}
                    </span>
                    {one.about && <span className="preview cut !block">{one.about}</span>}
                  </span>
                </Link>
              ))}
            </section>
          ))}
        </div>
      </section>
      <div className="main-pane place-items-center bg-[image:var(--wash)] bg-ground">
        <Empty title={t`Choose someone to write to`} />
      </div>
      <Suspense>
        {(open === "new" || open === "group") && (
          <NewChat
            startWith={open === "group" ? "group" : "find"}
            onClose={close}
            onInvite={() => setOpen("invite")}
            onChat={(chat) => void navigate({ to: "/chats/$chat", params: { chat } })}
          />
        )}
        {open === "invite" && <InviteFriend onClose={close} />}
      </Suspense>
    </div>
  );
}

function byLetter(
  contacts: readonly ContactView[],
  query: string,
  locale: string,
): [string, ContactView[]][] {
  const needle = query.trim().toLocaleLowerCase(locale);
  const found = contacts
    .filter(
      (one) =>
        !one.isBlocked &&
        (!needle || one.name.toLocaleLowerCase(locale).includes(needle) || isPartOf(needle, one.number)),
    )
    .sort((a, b) => a.name.localeCompare(b.name, locale));
  const groups = new Map<string, ContactView[]>();
  for (const one of found) {
    const first = (one.name.normalize("NFD")[0] ?? "#").toLocaleUpperCase(locale);
    const letter = /\p{L}/u.test(first) ? first : "#";
    groups.set(letter, [...(groups.get(letter) ?? []), one]);
  }
  return [...groups];
}
