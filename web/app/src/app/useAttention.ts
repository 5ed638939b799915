import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useUnread } from "../features/chats/useUnread.ts";
import { useClient } from "../lib/client.ts";

/** The count in the window's title and on the app's icon, and a notice for messages while the window is hidden. */
export function useAttention(): void {
  const client = useClient();
  const navigate = useNavigate();
  const unread = useUnread();

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Plauder` : "Plauder";
    if ("setAppBadge" in navigator)
      void (unread > 0 ? navigator.setAppBadge(unread) : navigator.clearAppBadge()).catch(() => {});
  }, [unread]);

  useEffect(
    () =>
      client.notifications.onMessage((event) => {
        const settings = client.notifications.settings.get();
        if (
          !settings?.enabled ||
          typeof Notification === "undefined" ||
          Notification.permission !== "granted"
        )
          return;
        if (document.visibilityState === "visible" && document.hasFocus()) return;
        const chat = client.chats.list.get()?.find((one) => one.id === event.chat);
        if (chat?.mutedUntil !== undefined && chat.mutedUntil > Date.now()) return;
        if (chat?.kind === "group" && !settings.groups) return;
        const notice = new Notification(event.chatName, {
          body: settings.showText ? event.text : "",
          tag: event.chat,
          icon: "/icon-192.png",
          silent: !settings.sound,
        });
        notice.onclick = () => {
          window.focus();
          notice.close();
          void navigate({ to: "/chats/$chat", params: { chat: event.chat } });
        };
      }),
    [client, navigate],
  );
}
