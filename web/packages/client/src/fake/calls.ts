/** Calls of the demo world: it rings, nobody takes them; what was missed can be looked at. */
import { type CallEnd, type CallRecord, type Calls, type CallView, ClientError } from "../api.ts";
import { Cell, derive } from "../live.ts";
import type { World } from "./world.ts";

export function fakeCalls(world: World): Calls {
  const current = new Cell<CallView | undefined>(undefined);
  const seen = new Cell(false);
  const log = new Cell<readonly CallRecord[] | undefined>(recorded(world));
  const change = (id: string, part: Partial<CallView>): void => {
    const call = current.get();
    if (call?.id === id && call.phase !== "over") current.set({ ...call, ...part });
  };
  const over = (id: string, end: CallEnd): void => {
    const call = current.get();
    if (call?.id !== id || call.phase === "over") return;
    change(id, { phase: "over", end });
    const { chat, name, avatar, video, own } = call;
    const record = { id, chat, name, avatar, video, own, at: world.now(), seconds: 0 };
    log.update((list) => [{ ...record, outcome: own ? "unanswered" : "declined" }, ...(list ?? [])]);
    world.later(3000, () => current.get()?.id === id && current.set(undefined));
  };
  let count = 0;
  return {
    current,
    log,
    missed: derive(seen, (looked) => (looked ? 0 : 1)),
    logSeen: async () => seen.set(true),
    relays: async () => [],
    start: async (chat, video, page) => {
      if (current.get()) throw new ClientError("conflict");
      const view = world.roomOf(chat)?.view.get();
      if (!view) throw new ClientError("not-found");
      const id = `call-${++count}`;
      const { name, avatar } = view;
      current.set({
        id,
        chat,
        name,
        avatar,
        video,
        own: true,
        phase: "calling",
        page,
        proof: "pending",
        signals: [],
        earlier: 0,
        theirs: { muted: false, filming: false },
        asked: false,
      });
      world.later(800, () => change(id, { phase: "ringing" }));
      world.later(20_000, () => over(id, "unanswered"));
      return id;
    },
    answer: async (id, page) => change(id, { phase: "connecting", page }),
    hangUp: async (id) => over(id, "hung-up"),
    signal: async () => undefined,
    consent: async (id) => change(id, { asked: false }),
    tell: async () => undefined,
    connected: async (id) => change(id, { phase: "talking", startedAt: world.now() }),
    failed: async (id) => over(id, "failed"),
  };
}

/** The calls that stand in the chats. */
function recorded(world: World): CallRecord[] {
  return [...world.rooms.values()]
    .flatMap((room) => {
      const { name, avatar } = room.view.get();
      return room.messages.get().flatMap(({ id, at, content }) => {
        if (content.kind !== "system" || content.event.kind !== "call") return [];
        const { video, own, outcome, seconds } = content.event;
        return [{ id, chat: room.id, name, avatar, at, video, own, outcome, seconds }];
      });
    })
    .sort((a, b) => b.at - a.at);
}
