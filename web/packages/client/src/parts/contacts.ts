/** People: the list, blocking, reporting, finding, and making sure of their keys. */
import type { DeviceInfo, SafetyNumber } from "@plauder/crypto/api";
import { block, unblock } from "@plauder/protocol/blocking";
import { discoInfo } from "@plauder/protocol/disco";
import { StanzaError } from "@plauder/protocol/errors";
import { domainOf, isJid } from "@plauder/protocol/jid";
import { NS } from "@plauder/protocol/ns";
import { fetchItems } from "@plauder/protocol/pubsub";
import {
  type BusinessProfile,
  ClientError,
  type Contacts,
  type ContactView,
  type Discovered,
  type Live,
  type SafetyView,
} from "../api.ts";
import { findNumbers } from "../core/discovery.ts";
import { Cell } from "../live.ts";
import type { Home, Household } from "./household.ts";

const TRUST = {
  blind: "trusted",
  verified: "verified",
  undecided: "asking",
  distrusted: "distrusted",
} as const;

/** What says that there is nobody, or no such server, or that it cannot be asked. */
const ABSENT: ReadonlySet<string> = new Set([
  "item-not-found",
  "remote-server-not-found",
  "remote-server-timeout",
]);

export class ContactsPart implements Contacts {
  readonly #household: Household;
  readonly #safeties = new Map<string, Live<SafetyView | undefined>>();

  constructor(household: Household) {
    this.#household = household;
  }

  get list(): Live<readonly ContactView[] | undefined> {
    return this.#household.live("contacts", ["people"], ({ account }) => account.people.contacts());
  }

  get blocked(): Live<readonly ContactView[] | undefined> {
    return this.#household.live("blocked", ["people"], ({ account }) => account.people.blocked());
  }

  one(id: string): Live<ContactView | undefined> {
    return this.#household.live(`person:${id}`, [`person:${id}`], ({ account }) => {
      void account.learnAbout(id);
      return account.people.view(id);
    });
  }

  async businessProfile(id: string): Promise<BusinessProfile | undefined> {
    const { account } = this.#household.connected;
    const [item] = await fetchItems(account.session, id, NS.businessProfile, { max: 1 });
    if (!item?.payload) return undefined;
    const profile = readProfile(item.payload.text());
    return (
      profile && {
        ...profile,
        ...(account.people.row(id)?.hosted === 1 && { hostedBy: account.session.domain }),
      }
    );
  }

  /**
   * Numbers are looked up blinded, so the server does not learn them. Only a network without that is asked in the clear,
   * and only for a single number, which is about to be written to; an address book is not shown to it.
   */
  async discover(addresses: readonly string[]): Promise<readonly Discovered[]> {
    const { account } = this.#household.connected;
    const { session, people } = account;
    const numbers = addresses.filter((address) => !address.includes("@"));
    const listed = await findNumbers(this.#household.around.api, numbers);
    return await Promise.all(
      addresses.map(async (address): Promise<Discovered> => {
        const isNumber = !address.includes("@");
        const jid = isNumber ? `${address.replace(/\D/g, "")}@${session.domain}` : address;
        if (!isJid(jid)) return { number: address };
        const ask = addresses.length === 1 && (!isNumber || listed === undefined);
        const isHere =
          people.row(jid)?.is_contact || listed?.has(address) || (ask && (await this.#exists(jid)));
        if (!isHere) return { number: address };
        await account.learnAbout(jid);
        return { number: address, contact: people.view(jid) };
      }),
    );
  }

  async #exists(jid: string): Promise<boolean> {
    const { session } = this.#household.connected.account;
    try {
      const { identities } = await discoInfo(session, jid);
      return identities.some(({ category }) => category === "account" || category === "pubsub");
    } catch (problem) {
      // Other servers may tell strangers nothing of their people: who is not known to be absent can be written to.
      return (
        domainOf(jid) !== session.domain && problem instanceof StanzaError && !ABSENT.has(problem.condition)
      );
    }
  }

  async add(id: string, name?: string): Promise<void> {
    await this.#household.connected.account.addContact(id, name);
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#household.connected.account.addContact(id, name);
  }

  async remove(id: string): Promise<void> {
    await this.#household.connected.account.removeContact(id);
  }

  async block(id: string): Promise<void> {
    const { account } = this.#household.connected;
    await block(account.session, id);
    account.people.change(id, { blocked: 1 });
    account.store.touch(`chat:${id}`, `messages:${id}`);
  }

  async unblock(id: string): Promise<void> {
    const { account } = this.#household.connected;
    await unblock(account.session, id);
    account.people.change(id, { blocked: 0 });
    account.store.touch(`chat:${id}`, `messages:${id}`);
  }

  async report(
    id: string,
    reason: "spam" | "abuse",
    evidence: readonly string[],
    andBlock: boolean,
  ): Promise<void> {
    const { account } = this.#household.connected;
    const rows = evidence
      .flatMap((one) => account.messages.byId(one) ?? [])
      .filter(({ chat }) => chat === id);
    // The chosen messages go along in the clear: the reporter decides to show them, the server could not read them.
    const text = rows.map((row) => `${new Date(row.at).toISOString()} ${row.text}`).join("\n");
    await block(account.session, id, {
      reason: `urn:xmpp:reporting:${reason}`,
      text: text || undefined,
      evidence: rows.map((row) => ({ by: id, id: row.stanza_id })),
    });
    if (andBlock) account.people.change(id, { blocked: 1 });
    else await unblock(account.session, id);
  }

  async inviteLink(): Promise<string> {
    const { api } = this.#household.around;
    const { token } = await api.call<{ token: string }>("POST", "/invites", { uses: 20, days: 30 });
    return `${api.origin}/i/${token}`;
  }

  async groupsInCommon(id: string): Promise<readonly string[]> {
    return this.#household.store.sql
      .all<{ room: string }>(
        `SELECT room FROM member JOIN chat ON chat.id = room WHERE jid = ? AND closed IS NULL
         AND affiliation IN ('owner', 'admin', 'member')`,
        id,
      )
      .map(({ room }) => room);
  }

  // ---------------------------------------------------------------------------------------------- keys

  safety(id: string): Live<SafetyView | undefined> {
    let live = this.#safeties.get(id);
    if (!live) {
      const refresh = (): void => void this.#safety(id).then((view) => cell.set(view));
      const cell: Cell<SafetyView | undefined> = new Cell<SafetyView | undefined>(undefined, () => {
        const { home } = this.#household;
        if (home?.account.session.isOnline)
          void home.account.encryption.prepare([id]).then(refresh, () => undefined);
        refresh();
        return this.#household.store.watch([`safety:${id}`, "account"], refresh);
      });
      live = cell;
      this.#safeties.set(id, live);
    }
    return live;
  }

  async #safety(id: string): Promise<SafetyView | undefined> {
    const { home } = this.#household;
    if (!home) return undefined;
    const { engine } = home.account.encryption;
    const [number, devices] = await Promise.all([engine.safetyNumber(id), engine.devices(id)]);
    return number && toSafety(number, devices);
  }

  async compareSafety(id: string, scanned: string): Promise<boolean> {
    const { account } = this.#household.here;
    const outcome = await account.encryption.engine.verifyUri(scanned, id, (batch) =>
      account.encryption.records.commit(batch, () => undefined),
    );
    this.#verified(this.#household.here, id, outcome.result === "verified");
    return outcome.result === "verified";
  }

  async markVerified(id: string, verified: boolean): Promise<void> {
    const home = this.#household.here;
    const { engine, records } = home.account.encryption;
    const commit = (batch: Parameters<typeof records.commit>[0]) => records.commit(batch, () => undefined);
    if (verified) {
      const number = await engine.safetyNumber(id);
      if (!number) throw new ClientError("not-found");
      await engine.confirmSafetyNumber(id, number.digits, commit);
    } else {
      for (const device of await engine.devices(id)) {
        if (device.trust === "verified") await engine.decide(device, "blind", commit);
      }
    }
    this.#verified(home, id, verified);
  }

  #verified({ account }: Home, id: string, verified: boolean): void {
    account.store.touch(`safety:${id}`);
    if (!verified || !account.messages.chat(id)) return;
    account.store.write(() =>
      account.rooms.note(id, { kind: "verified", who: id, name: account.people.name(id) }, account.jid),
    );
  }

  async trustDevice(id: string, device: string, trust: boolean): Promise<void> {
    const { account } = this.#household.here;
    const { engine, records } = account.encryption;
    // Consent, not verification: nobody has compared its key, which may not even be known yet.
    await engine.decide({ jid: id, deviceId: Number(device) }, trust ? "blind" : "distrusted", (batch) =>
      records.commit(batch, () => undefined),
    );
    account.store.touch(`safety:${id}`);
    account.outgoing.retryHeld(id);
  }
}

function toSafety({ digits, uri }: SafetyNumber, devices: readonly DeviceInfo[]): SafetyView {
  const current = devices.filter(({ protocols }) => protocols.length > 0);
  return {
    digits: (digits.match(/\d{5}/g) ?? []).join(" "),
    qr: uri,
    verified: current.length > 0 && current.every(({ trust }) => trust === "verified"),
    devices: current.map(({ deviceId, label, trust }) => ({
      id: String(deviceId),
      ...(label !== undefined && { name: label }),
      trust: TRUST[trust],
    })),
  };
}

/** What a business wrote into its profile may be anything. */
function readHours(raw: { days?: Record<string, unknown> }): NonNullable<BusinessProfile["hours"]> {
  const days = raw.days ?? {};
  return ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].flatMap((day) => {
    const spans = Array.isArray(days[day]) ? (days[day] as unknown[]) : [];
    const open = spans
      .flatMap((span) => (Array.isArray(span) ? [span.map(String).join("–")] : []))
      .join(", ");
    return open ? [{ day, open: open.slice(0, 64) }] : [];
  });
}

function readProfile(json: string): BusinessProfile | undefined {
  try {
    const raw = JSON.parse(json) as Record<string, unknown>;
    const text = (name: string): string | undefined =>
      typeof raw[name] === "string" && raw[name] !== "" ? raw[name] : undefined;
    const websites = Array.isArray(raw.websites) ? raw.websites.filter((one) => typeof one === "string") : [];
    const entries = ["about", "address", "description", "email", "vertical"].map((name) => [
      name,
      text(name),
    ]);
    return {
      ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
      websites,
      ...(typeof raw.hours === "object" && raw.hours !== null && { hours: readHours(raw.hours) }),
    } as BusinessProfile;
  } catch {
    return undefined;
  }
}
