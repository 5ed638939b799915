import { useLingui } from "@lingui/react/macro";
import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { ChatList } from "../../features/chats/ChatList.tsx";
import { useShell } from "../shell-context.ts";

export function ChatsScreen() {
  const { t } = useLingui();
  const { open } = useShell();
  const navigate = useNavigate();
  const path = useLocation({ select: (location) => location.pathname });
  const chatOpen = path.startsWith("/chats/");
  const archived = path === "/archived";
  return (
    <div className="panes" data-open={chatOpen}>
      <section className="list-pane" aria-label={archived ? t`Archived` : t`Chats`}>
        <ChatList
          archived={archived}
          onSearch={() => open("search")}
          onNew={() => open("new")}
          onInvite={() => open("invite")}
          onQr={() => void navigate({ to: "/settings/profile" })}
        />
      </section>
      <div className="main-pane">
        <Outlet />
      </div>
    </div>
  );
}
