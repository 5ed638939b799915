/** The account's HTTP interface: registration, devices, invites, PIN. */
import { toBase64, utf8 } from "@plauder/protocol/bytes";
import { ClientError, type ErrorCode } from "../api.ts";

export interface Credential {
  readonly jid: string;
  readonly deviceId: string;
  readonly password: string;
  readonly isNew: boolean;
}

export interface Ways {
  readonly domain: string;
  readonly ways: readonly string[];
  readonly default_region: string;
  readonly code_digits: number;
  readonly codes_printed: boolean;
}

export interface ServerDevice {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly seen: string;
  readonly is_online: boolean;
  readonly is_this: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const CODES: Readonly<Record<string, ErrorCode>> = {
  "wrong-code": "wrong-code",
  "wrong-pin": "wrong-pin",
  "bad-pin": "wrong-pin",
  "too-many-codes": "too-many-tries",
  "too-many-requests": "too-many-tries",
  "country-not-served": "not-allowed",
  "registration-closed": "not-allowed",
  "code-not-sent": "offline",
  unavailable: "offline",
  "bad-input": "invalid-number",
  "bad-number": "invalid-number",
  "bad-name": "conflict",
  taken: "conflict",
  conflict: "conflict",
  "no-invite": "gone",
  "no-account": "not-found",
  "no-device": "not-found",
  "not-found": "not-found",
  forbidden: "not-allowed",
  unauthenticated: "not-allowed",
  "too-large": "too-large",
};

export class PinNeeded extends Error {}

export class AccountApi {
  readonly #origin: string;
  readonly #fetch: typeof fetch;
  #authorization: string | undefined;

  constructor(origin: string, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#origin = origin;
    this.#fetch = fetcher;
  }

  get origin(): string {
    return this.#origin;
  }

  logIn(jid: string, password: string): void {
    this.#authorization = `Basic ${toBase64(utf8(`${jid}:${password}`))}`;
  }

  logOut(): void {
    this.#authorization = undefined;
  }

  get authorization(): string | undefined {
    return this.#authorization;
  }

  async call<T = Json>(method: string, path: string, body?: Json): Promise<T> {
    const text = body && JSON.stringify(body);
    const response = await this.#send(method, path, "application/json", text);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** As `call`, with bytes both ways. */
  async bytes(
    method: string,
    path: string,
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.#send(method, path, "application/octet-stream", body);
    return new Uint8Array(await response.arrayBuffer());
  }

  async #send(method: string, path: string, type: string, body: BodyInit | undefined): Promise<Response> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["content-type"] = type;
    if (this.#authorization) headers.authorization = this.#authorization;
    let response: Response;
    try {
      const request = { method, headers, credentials: "omit", ...(body !== undefined && { body }) } as const;
      response = await this.#fetch(`${this.#origin}/api/v1${path}`, request);
    } catch {
      throw new ClientError("offline");
    }
    if (!response.ok) throw await toError(response);
    return response;
  }

  ways(): Promise<Ways> {
    return this.call<Ways>("GET", "/registration");
  }

  async verify(id: string, body: { code: string; pin?: string; device_name: string }): Promise<Credential> {
    return toCredential(await this.call("POST", `/registration/${encodeURIComponent(id)}/verify`, body));
  }

  async acceptInvite(token: string, body: { username?: string; device_name: string }): Promise<Credential> {
    return toCredential(await this.call("POST", `/invites/${encodeURIComponent(token)}/accept`, body));
  }

  async acceptLink(token: string, deviceName: string): Promise<Credential> {
    const path = `/links/${encodeURIComponent(token)}/accept`;
    return toCredential(await this.call("POST", path, { device_name: deviceName }));
  }
}

function toCredential(body: Json): Credential {
  return {
    jid: String(body.jid),
    deviceId: String(body.device_id),
    password: String(body.password),
    isNew: body.is_new === true,
  };
}

async function toError(response: Response): Promise<Error> {
  const body = (await response.json().catch(() => undefined)) as
    | { error?: { code?: string; message?: string; details?: Json } }
    | undefined;
  const { code = "", message = response.statusText, details = {} } = body?.error ?? {};
  if (code === "pin-needed") return new PinNeeded(message);
  const wait = Number(response.headers.get("retry-after") ?? details.retry_after ?? Number.NaN);
  const left = Number(details.tries_left ?? Number.NaN);
  const [problem] = Array.isArray(details.problems) ? (details.problems as Json[]) : [];
  const field = String(details.field ?? problem?.where ?? "").replace(/^body\./u, "");
  const said = typeof problem?.problem === "string" ? problem.problem : message;
  return new ClientError(CODES[code] ?? (response.status >= 500 ? "offline" : "internal"), said, {
    ...(Number.isFinite(wait) && { retryAt: Date.now() + wait * 1000 }),
    ...(Number.isFinite(left) && { triesLeft: left }),
    ...(field && { field }),
  });
}
