/** Signing in and out, and the state of the connection. */
import { bare, localOf } from "@plauder/protocol/jid";
import {
  ClientError,
  type CodeRequest,
  type ConnectionView,
  type InviteView,
  type Live,
  type NetworkInfo,
  type Session,
  type SessionView,
  type VerifyOutcome,
} from "../api.ts";
import { PinNeeded } from "../core/http.ts";
import { Outgoing } from "../core/outgoing.ts";
import { colorOf, initials, numberOf } from "../core/people.ts";
import { Cell } from "../live.ts";
import { StoreError } from "../store/sql.ts";
import type { Household } from "./household.ts";
import { parseGroupInvite } from "./invites.ts";

interface Asked {
  readonly registration_id: string;
  readonly number: string;
  readonly expires_in: number;
  readonly retry_after: number;
  readonly code_digits: number;
}

/** Of what servers hand out. */
const LONGEST_TOKEN = 100;

export class SessionPart implements Session {
  readonly #household: Household;
  readonly #connection: Cell<ConnectionView>;

  constructor(household: Household) {
    this.#household = household;
    this.#connection = new Cell<ConnectionView>(this.#view(), () => {
      const refresh = (): void => this.#connection.set(this.#view());
      refresh();
      return household.store.watch(["connection", "queue", "account"], refresh);
    });
  }

  get state(): Live<SessionView> {
    return this.#household.state;
  }

  get connection(): Live<ConnectionView> {
    return this.#connection;
  }

  #view(): ConnectionView {
    const { home, store } = this.#household;
    const queued = Outgoing.waiting(store);
    if (!home) return { state: "offline", queued };
    const { state } = home.account.session;
    const { done } = home.account.catchUp;
    if (state.name === "online") return { state: "online", queued, ...(done && { catchUp: { done } }) };
    if (state.name === "connecting") return { state: "connecting", queued };
    const problem =
      state.name === "refused" ? "refused" : state.name === "waiting" ? whyWaiting(state.why) : undefined;
    return { state: "offline", queued, ...(problem && { problem }) };
  }

  async network(): Promise<NetworkInfo> {
    const ways = await this.#household.around.api.ways();
    const byNumber = ways.ways.includes("phone");
    return {
      domain: ways.domain,
      name: ways.domain,
      ...(ways.default_region && { country: ways.default_region }),
      codeBy: ["sms"],
      codesPrinted: ways.codes_printed,
      registration: byNumber ? "open" : ways.ways.includes("invite") ? "invite" : "closed",
    };
  }

  async requestCode(number: string, _by: "sms" | "call"): Promise<CodeRequest> {
    const asked = await this.#household.around.api.call<Asked>("POST", "/registration", {
      number,
      method: "sms",
    });
    const now = Date.now();
    return {
      id: asked.registration_id,
      number: `+${asked.number.replace(/\D/g, "")}`,
      digits: asked.code_digits,
      expiresAt: now + asked.expires_in * 1000,
      retryAt: now + asked.retry_after * 1000,
    };
  }

  async verify(
    request: string,
    code: string,
    options: { pin?: string; deviceName: string },
  ): Promise<VerifyOutcome> {
    try {
      const credential = await this.#household.around.api.verify(request, {
        code,
        device_name: options.deviceName,
        ...(options.pin !== undefined && { pin: options.pin }),
      });
      await this.#household.signIn(credential, options.deviceName);
      const backup = credential.isNew ? undefined : await this.#backup();
      return { kind: "done", isNew: credential.isNew, ...(backup && { backup }) };
    } catch (error) {
      if (error instanceof PinNeeded) return { kind: "pin-needed" };
      throw error;
    }
  }

  /** What the person could restore. */
  async #backup(): Promise<{ at: number; bytes: number; lock: "password" | "code" } | undefined> {
    const { api } = this.#household.around;
    const found = await api
      .call<{ lock: "password" | "code"; bytes: number; at: string }>("GET", "/backup")
      .catch(() => undefined);
    return found && { at: Date.parse(found.at), bytes: found.bytes, lock: found.lock };
  }

  async invite(token: string): Promise<InviteView> {
    const group = parseGroupInvite(token);
    if (group) {
      const name = group.name || localOf(group.room);
      return {
        token,
        kind: "group",
        name,
        avatar: { initials: initials(name), color: colorOf(group.room) },
        chat: group.room,
      };
    }
    const link = deviceLink(token);
    if ((link ?? token).length > LONGEST_TOKEN) throw new ClientError("not-found");
    if (link) {
      const { jid } = await this.#household.around.api.call<{ jid: string }>(
        "GET",
        `/links/${encodeURIComponent(link)}`,
      );
      const owner = numberOf(jid) ?? localOf(jid);
      return {
        token,
        kind: "device",
        name: owner,
        avatar: { initials: initials(owner), color: colorOf(jid) },
      };
    }
    const look = await this.#household.around.api.call<{
      domain: string;
      invited_by: string | null;
      team: { id: string; name: string; role: string } | null;
    }>("GET", `/invites/${encodeURIComponent(token)}`);
    if (look.team) {
      const { id, name, role } = look.team;
      return { token, kind: "team", name, role, avatar: { initials: initials(name), color: colorOf(id) } };
    }
    const by = look.invited_by;
    const name = by === null ? look.domain : (numberOf(by) ?? localOf(by));
    return {
      token,
      kind: "person",
      name,
      avatar: { initials: initials(name), color: colorOf(by ?? look.domain) },
      ...(by !== null && { chat: by }),
    };
  }

  async acceptInvite(
    token: string,
    options: { name?: string; deviceName: string },
  ): Promise<{ chat?: string; business?: string }> {
    const { home } = this.#household;
    const group = parseGroupInvite(token);
    if (group) {
      const { account } = this.#household.connected;
      if (account.messages.chat(group.room)?.closed === null) return { chat: group.room };
      await account.rooms.join(group.room, group.secret).catch(() => {
        throw new ClientError("gone");
      });
      return { chat: group.room };
    }
    const link = deviceLink(token);
    if (link) {
      if (!home) {
        const joined = await this.#household.around.api.acceptLink(link, options.deviceName);
        await this.#household.signIn(joined, options.deviceName);
      }
      return {};
    }
    const { chat, kind } = await this.invite(token);
    if (!home) {
      const credential = await this.#household.around.api.acceptInvite(token, {
        ...(options.name && { username: options.name }),
        device_name: options.deviceName,
      });
      await this.#household.signIn(credential, options.deviceName);
    }
    if (kind === "team") return { business: await this.#joinTeam(token, !home) };
    return chat === undefined ? {} : { chat: bare(chat) };
  }

  /** `isNew`: who opens an account by the link joins by that already, perhaps before we ask. */
  async #joinTeam(token: string, isNew: boolean): Promise<string> {
    const { api } = this.#household.around;
    try {
      return (await api.call<{ id: string }>("POST", `/business/join/${encodeURIComponent(token)}`)).id;
    } catch (error) {
      const mine = isNew ? await api.call<readonly { id: string }[]>("GET", "/business") : [];
      if (mine[0]) return mine[0].id;
      throw error;
    }
  }

  async logOut(): Promise<void> {
    // Nobody could be signed in again with what is kept: what is left is to forget it.
    if (this.#household.state.get().kind === "failed") return await this.#household.signOut("logged-out");
    const { account } = this.#household.here;
    const { around } = this.#household;
    const device = await this.#ownDevice().catch(() => undefined);
    // The account forgets the device if it can be told; this device forgets the account in any case.
    await account.encryption.withdraw().catch(() => undefined);
    if (device)
      await around.api.call("DELETE", `/devices/${encodeURIComponent(device)}`).catch(() => undefined);
    await this.#household.signOut("logged-out");
  }

  async #ownDevice(): Promise<string> {
    const account = await this.#household.around.api.call<{ device_id: string }>("GET", "/account");
    return account.device_id;
  }

  async deleteAccount(confirmNumber: string): Promise<void> {
    if (!this.#household.home) throw new ClientError("not-allowed");
    await this.#household.around.api.call("DELETE", "/account", { confirm: confirmNumber });
    await this.#household.signOut("account-deleted");
  }

  reconnect(): void {
    this.#household.home?.account.session.wake();
  }
}

function whyWaiting(why: Error): "storage-full" | "server-unreachable" {
  return why.cause instanceof StoreError && why.cause.full ? "storage-full" : "server-unreachable";
}

/** The link token in an invitation to become a device of an account, if it is one. */
function deviceLink(token: string): string | undefined {
  return token.startsWith("device.") ? token.slice("device.".length) : undefined;
}
