/** Calls: the one there is, and those there were. */
import { fetchRelays } from "@plauder/protocol/relays";
import type {
  CallDevices,
  CallRecord,
  CallSignal,
  Calls,
  CallView,
  Live,
  RelayServer,
  SystemEvent,
} from "../api.ts";
import type { MessageRow } from "../core/rows.ts";
import type { Home, Household } from "./household.ts";

const SEEN = "calls-seen";
const SHOWN = 200;

export class CallsPart implements Calls {
  readonly #household: Household;
  readonly current: Live<CallView | undefined>;
  readonly log: Live<readonly CallRecord[] | undefined>;
  readonly missed: Live<number | undefined>;

  constructor(household: Household) {
    this.#household = household;
    this.current = household.live("call", ["call"], ({ account }) => account.calls.view());
    this.log = household.live("calls", ["calls", "chats"], (home) => records(home));
    this.missed = household.live("calls-missed", ["calls", "chats", `setting:${SEEN}`], (home) => {
      const seen = home.account.store.setting<number>(SEEN) ?? 0;
      return records(home).filter(({ outcome, at }) => outcome === "missed" && at > seen).length;
    });
  }

  async logSeen(): Promise<void> {
    const { account } = this.#household.here;
    if (this.missed.get() !== 0) account.store.setSetting(SEEN, Date.now());
  }

  async relays(): Promise<readonly RelayServer[]> {
    return await fetchRelays(this.#household.connected.account.session);
  }

  async start(chat: string, video: boolean, page: string): Promise<string> {
    return this.#household.connected.account.calls.start(chat, video, page);
  }

  async answer(id: string, page: string): Promise<void> {
    this.#household.here.account.calls.answer(id, page);
  }

  async hangUp(id: string): Promise<void> {
    this.#household.here.account.calls.hangUp(id);
  }

  async signal(id: string, signal: CallSignal): Promise<void> {
    this.#household.here.account.calls.signal(id, signal);
  }

  async consent(id: string, yes: boolean): Promise<void> {
    this.#household.here.account.calls.consent(id, yes);
  }

  async tell(id: string, devices: CallDevices): Promise<void> {
    this.#household.here.account.calls.tell(id, devices);
  }

  async connected(id: string): Promise<void> {
    this.#household.here.account.calls.connected(id);
  }

  async failed(id: string, why: "media" | "connection"): Promise<void> {
    this.#household.here.account.calls.failed(id, why);
  }
}

function records({ account }: Home): CallRecord[] {
  const { people, messages, jid } = account;
  return messages.calls(SHOWN).map((row: MessageRow) => {
    const { event } = JSON.parse(row.content) as { event: Extract<SystemEvent, { kind: "call" }> };
    const name = row.chat === jid ? people.ownName : people.name(row.chat);
    const { video, own, outcome, seconds } = event;
    const avatar = people.avatar(row.chat, name, people.row(row.chat)?.avatar_hash ?? null);
    return { id: row.id, chat: row.chat, name, avatar, at: row.at, video, own, outcome, seconds };
  });
}
