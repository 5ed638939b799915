import { useLingui } from "@lingui/react/macro";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { CallsContext } from "../features/calls/context.ts";
import { CallDesk } from "../features/calls/desk.ts";
import { useClient } from "../lib/client.ts";
import { useHotkey } from "../lib/hotkeys.ts";
import { ConnectionBanner } from "./ConnectionBanner.tsx";
import { Rail } from "./Rail.tsx";
import { cycleRegions } from "./regions.ts";
import { ShellContext } from "./shell-context.ts";
import { useAttention } from "./useAttention.ts";

const CallLayer = lazy(() => import("../features/calls/CallLayer.tsx"));
const Palette = lazy(() => import("../features/search/Palette.tsx"));
const NewChat = lazy(() => import("../features/contacts/NewChat.tsx"));
const InviteFriend = lazy(() => import("../features/contacts/InviteFriend.tsx"));
const Shortcuts = lazy(() => import("../features/settings/Shortcuts.tsx"));

type Overlay = "search" | "new" | "invite" | "shortcuts";

/** The frame of every screen inside: rail, panes, and what can be opened from anywhere. */
export function Shell() {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const [overlay, setOverlay] = useState<Overlay>();
  const shell = useMemo(() => ({ open: setOverlay }), []);
  const [desk] = useState(() => new CallDesk(client));
  useEffect(() => desk.open(), [desk]);
  useAttention();

  useHotkey("mod+k", () => setOverlay("search"));
  useHotkey("mod+n", () => setOverlay("new"));
  useHotkey("?", () => setOverlay("shortcuts"));
  useHotkey("f6", () => cycleRegions(1));
  useHotkey("shift+f6", () => cycleRegions(-1));
  const step = (by: number, only: (chat: { unread: number }) => boolean = () => true) => {
    const chats = (client.chats.list.get() ?? []).filter((chat) => !chat.archived && chat.at !== undefined);
    const here = decodeURIComponent(location.pathname.split("/")[2] ?? "");
    const at = chats.findIndex((chat) => chat.id === here);
    for (let i = 1; i <= chats.length; i += 1) {
      const next = chats[(at + by * i + chats.length * 2) % chats.length];
      if (next && only(next)) {
        void navigate({ to: "/chats/$chat", params: { chat: next.id } });
        return;
      }
    }
  };
  useHotkey("alt+arrowdown", () => step(1));
  useHotkey("alt+arrowup", () => step(-1));
  useHotkey("alt+shift+arrowdown", () => step(1, (chat) => chat.unread > 0));

  const close = () => setOverlay(undefined);
  const openChat = (chat: string, at?: string) => {
    close();
    void navigate({ to: "/chats/$chat", params: { chat }, search: at ? { at } : {} });
  };

  return (
    <ShellContext value={shell}>
      <CallsContext value={desk}>
        <div className="shell">
          <a
            href="#main"
            className="sr focus:not-sr-only focus:absolute focus:z-60 focus:m-2 focus:rounded-md focus:bg-surface focus:p-3"
          >
            {t`Skip to the chat`}
          </a>
          <Rail />
          <div className="flex min-h-0 min-w-0 flex-col">
            <ConnectionBanner />
            <main id="main" className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)]">
              <Outlet />
            </main>
          </div>
          <Suspense>
            <CallLayer />
            {overlay === "search" && <Palette onClose={close} onChat={openChat} />}
            {overlay === "new" && (
              <NewChat onClose={close} onChat={openChat} onInvite={() => setOverlay("invite")} />
            )}
            {overlay === "invite" && <InviteFriend onClose={close} />}
            {overlay === "shortcuts" && <Shortcuts onClose={close} />}
          </Suspense>
        </div>
      </CallsContext>
    </ShellContext>
  );
}
