import { Plural, useLingui } from "@lingui/react/macro";
import type { ChatView, GroupMember, GroupRole, GroupView } from "@plauder/client/api";
import {
  Crown,
  Link2,
  LogOut,
  MoreVertical,
  Pencil,
  Shield,
  ShieldOff,
  UserMinus,
  UserPlus,
  UsersRound,
} from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useClient, useCommand, useLiveOf } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";

const EditGroup = lazy(() => import("./EditGroup.tsx"));
const AddMembers = lazy(() => import("./AddMembers.tsx"));
const GroupLink = lazy(() => import("./GroupLink.tsx"));

interface Props {
  chat: ChatView;
  onChat: (id: string) => void;
  onLeft: () => void;
}

/** So many members are shown at first: what comes below them is to be found in a large group, too. */
const FIRST = 12;

/** Members and their roles, the invite link, who may do what, leaving. */
export function GroupFacts({ chat, onChat, onLeft }: Props) {
  const { t } = useLingui();
  const { groups } = useClient();
  const group = useLiveOf((client) => client.groups.one(chat.id), [chat.id]);
  const [open, setOpen] = useState<"edit" | "add" | "link" | "leave">();
  const [all, setAll] = useState(false);
  const command = useCommand();
  const errorText = useErrorText();
  if (!group) return null;
  const admin = group.myRole === "owner" || group.myRole === "admin";
  const mayEdit = admin || (group.whoMayEdit === "all" && group.myRole === "member");
  const close = () => setOpen(undefined);
  return (
    <>
      {group.about && <p className="pb-3 text-center text-ink-2">{group.about}</p>}
      {command.failed && (
        <p role="alert" className="banner danger">
          {errorText(command.failed, command.details)}
        </p>
      )}
      <div className="-mx-2">
        {mayEdit && <Row icon={Pencil} label={t`Change name and picture`} onPress={() => setOpen("edit")} />}
        {mayEdit && <Row icon={UserPlus} label={t`Add people`} onPress={() => setOpen("add")} />}
        {mayEdit && <Row icon={Link2} label={t`Invite by link`} onPress={() => setOpen("link")} />}
      </div>
      <h3 className="sect">
        <Plural value={group.members.length} one="# member" other="# members" />
      </h3>
      <ul>
        {group.members.slice(0, all ? undefined : FIRST).map((member) => (
          <Member
            key={member.id}
            member={member}
            group={group}
            admin={admin}
            onChat={onChat}
            run={command.run}
          />
        ))}
      </ul>
      {!all && group.members.length > FIRST && (
        <button type="button" className="menu-item -mx-2 text-brand" onClick={() => setAll(true)}>
          <UsersRound size={18} aria-hidden />
          {t`Show all members`}
        </button>
      )}
      {admin && (
        <>
          <h3 className="sect">{t`Who may do what`}</h3>
          <div className="-mx-4">
            <SwitchRow
              label={t`Only admins can write`}
              on={group.whoMayWrite === "admins"}
              onChange={(on) =>
                void command.run(() => groups.update(chat.id, { whoMayWrite: on ? "admins" : "all" }))
              }
            />
            <SwitchRow
              label={t`Only admins can change the group`}
              on={group.whoMayEdit === "admins"}
              onChange={(on) =>
                void command.run(() => groups.update(chat.id, { whoMayEdit: on ? "admins" : "all" }))
              }
            />
          </div>
        </>
      )}
      {group.myRole !== "none" && (
        <button type="button" className="menu-item danger -mx-2" onClick={() => setOpen("leave")}>
          <LogOut size={18} aria-hidden />
          {t`Leave group`}
        </button>
      )}
      <Suspense>
        {open === "edit" && <EditGroup group={group} onClose={close} />}
        {open === "add" && <AddMembers group={group} onClose={close} />}
        {open === "link" && <GroupLink group={group} onClose={close} />}
      </Suspense>
      {open === "leave" && (
        <Confirm
          title={t`Leave ${chat.name}?`}
          action={t`Leave`}
          danger
          onClose={close}
          onConfirm={() => void command.run(() => groups.leave(chat.id)).then((done) => done && onLeft())}
        >
          {t`The others see that you left. What was said stays on your devices.`}
        </Confirm>
      )}
    </>
  );
}

function Row({ icon: Icon, label, onPress }: { icon: typeof Pencil; label: string; onPress: () => void }) {
  return (
    <button type="button" className="menu-item" onClick={onPress}>
      <Icon size={18} aria-hidden />
      {label}
    </button>
  );
}

interface MemberProps {
  member: GroupMember;
  group: GroupView;
  admin: boolean;
  onChat: (id: string) => void;
  run: (act: () => Promise<unknown>) => Promise<boolean>;
}

function Member({ member, group, admin, onChat, run }: MemberProps) {
  const { t } = useLingui();
  const { groups } = useClient();
  const role: Record<GroupRole, string> = { owner: t`Owner`, admin: t`Admin`, member: "" };
  const set = (to: GroupRole) => void run(() => groups.setRole(group.id, member.id, to));
  const mine = admin && !member.isMe && member.role !== "owner";
  return (
    <li className="flex items-center gap-3 py-1.5">
      <button
        type="button"
        className="flex min-w-0 flex-1 items-center gap-3 rounded-md text-start"
        disabled={member.isMe}
        onClick={() => onChat(member.id)}
      >
        <Avatar of={member.avatar} size={40} online={member.online && !member.isMe} />
        <span className="cut flex-1 font-semibold">{member.isMe ? t`You` : member.name}</span>
        {role[member.role] && <span className="tag brand">{role[member.role]}</span>}
      </button>
      {mine && (
        <Menu
          entries={[
            member.role === "member"
              ? { label: t`Make admin`, icon: Shield, onSelect: () => set("admin") }
              : { label: t`No longer admin`, icon: ShieldOff, onSelect: () => set("member") },
            group.myRole === "owner" && {
              label: t`Hand over the group`,
              icon: Crown,
              onSelect: () => set("owner"),
            },
            {
              label: t`Remove from group`,
              icon: UserMinus,
              danger: true,
              line: true,
              onSelect: () => void run(() => groups.removeMember(group.id, member.id)),
            },
          ]}
        >
          <IconButton small label={t`Actions for ${member.name}`}>
            <MoreVertical size={16} />
          </IconButton>
        </Menu>
      )}
    </li>
  );
}
