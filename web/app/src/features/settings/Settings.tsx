import { useLingui } from "@lingui/react/macro";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import {
  Archive,
  Bell,
  ChevronRight,
  HardDrive,
  Keyboard,
  MonitorSmartphone,
  Palette,
  ShieldCheck,
  Store,
  UserRound,
} from "lucide-react";
import { useClient, useLive } from "../../lib/client.ts";
import { Avatar } from "../../ui/Avatar.tsx";

/** All settings; on a phone the list first. */
export function Settings() {
  const { t } = useLingui();
  const client = useClient();
  const me = useLive(client.profile.me);
  const path = useLocation({ select: (location) => location.pathname });
  const entries = [
    { to: "/settings/account", icon: UserRound, label: t`Account`, hint: t`PIN, log out, delete` },
    { to: "/settings/privacy", icon: ShieldCheck, label: t`Privacy`, hint: t`Who sees what, blocked people` },
    { to: "/settings/notifications", icon: Bell, label: t`Notifications`, hint: t`Sound, preview, groups` },
    { to: "/settings/look", icon: Palette, label: t`Look and language`, hint: t`Theme, density, language` },
    {
      to: "/settings/devices",
      icon: MonitorSmartphone,
      label: t`Linked devices`,
      hint: t`Computers and phones with your chats`,
    },
    { to: "/settings/backup", icon: Archive, label: t`Backup`, hint: t`Encrypted, only you can open it` },
    { to: "/settings/storage", icon: HardDrive, label: t`Storage`, hint: t`What is on this device` },
    {
      to: "/business",
      icon: Store,
      label: t`Plauder Business`,
      hint: t`Write to customers with an API, templates, bills`,
    },
    { to: "/settings/keys", icon: Keyboard, label: t`Keyboard`, hint: t`Shortcuts for everything` },
  ] as const;
  return (
    <div className="panes" data-open={path !== "/settings" && path !== "/settings/"}>
      <section className="list-pane" aria-label={t`Settings`}>
        <header className="pane-head">
          <h1>{t`Settings`}</h1>
        </header>
        <nav className="min-h-0 flex-1 overflow-y-auto px-2 pb-4" aria-label={t`Settings`}>
          {me && (
            <Link to="/settings/profile" className="chat-row mb-2 !py-3">
              <Avatar of={me.avatar} size={60} />
              <span className="min-w-0 flex-1">
                <span className="name cut block !text-xl">{me.name}</span>
                <span className="preview cut !block">{me.about || me.number}</span>
              </span>
            </Link>
          )}
          {entries.map(({ to, icon: Icon, label, hint }) => (
            <Link key={to} to={to} className="chat-row !min-h-14">
              <Icon size={20} strokeWidth={1.75} className="mx-1.5 flex-none text-ink-2" aria-hidden />
              <span className="min-w-0 flex-1">
                <span className="name cut block !font-semibold">{label}</span>
                <span className="preview cut !block">{hint}</span>
              </span>
              <ChevronRight size={16} className="flex-none text-ink-3 sm:hidden rtl:rotate-180" aria-hidden />
            </Link>
          ))}
        </nav>
      </section>
      <div className="main-pane">
        <Outlet />
      </div>
    </div>
  );
}
