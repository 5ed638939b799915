import { Plural, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { MessageCircle, Phone, Settings2, Star, Store, UserRound, UsersRound } from "lucide-react";
import { useUnread } from "../features/chats/useUnread.ts";
import { useClient, useLive } from "../lib/client.ts";
import { useFormat } from "../lib/format.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Logo } from "../ui/Logo.tsx";

export function Rail() {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const me = useLive(client.profile.me);
  const unread = useUnread();
  const missed = useLive(client.calls.missed) ?? 0;
  const icon = { size: 20, strokeWidth: 1.75, "aria-hidden": true } as const;
  return (
    <nav className="rail" aria-label={t`Main`}>
      <Link to="/chats" className="only-wide mb-[18px] rounded-md" aria-label="Plauder">
        <Logo />
      </Link>
      <Link to="/chats" className="rail-item">
        <span className="pill">
          <MessageCircle {...icon} />
        </span>
        {t`Chats`}
        {unread > 0 && (
          <span className="badge">
            <span aria-hidden="true">{format.number(unread)}</span>
            <span className="sr">
              <Plural value={unread} one="# new message" other="# new messages" />
            </span>
          </span>
        )}
      </Link>
      <Link to="/calls" className="rail-item">
        <span className="pill">
          <Phone {...icon} />
        </span>
        {t`Calls`}
        {missed > 0 && (
          <span className="badge">
            <span aria-hidden="true">{format.number(missed)}</span>
            <span className="sr">
              <Plural value={missed} one="# missed call" other="# missed calls" />
            </span>
          </span>
        )}
      </Link>
      <Link to="/people" className="rail-item">
        <span className="pill">
          <UsersRound {...icon} />
        </span>
        {t`People`}
      </Link>
      <Link to="/starred" className="rail-item">
        <span className="pill">
          <Star {...icon} />
        </span>
        {t`Starred`}
      </Link>
      <span className="only-wide flex-1" />
      <Link to="/business" className="rail-item only-wide">
        <span className="pill">
          <Store {...icon} />
        </span>
        {t`Business`}
      </Link>
      <Link to="/settings" className="rail-item only-wide">
        <span className="pill">
          <Settings2 {...icon} />
        </span>
        {t`Settings`}
      </Link>
      <Link to="/settings" className="rail-item only-narrow">
        <span className="pill">
          <UserRound {...icon} />
        </span>
        {t`You`}
      </Link>
      {me && (
        <Link to="/settings/profile" className="only-wide mt-1.5 rounded-full" aria-label={t`Your profile`}>
          <Avatar of={me.avatar} size={40} />
        </Link>
      )}
    </nav>
  );
}
