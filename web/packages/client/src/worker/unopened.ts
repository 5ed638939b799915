/** The client of a browser that gives no store: says so, and refuses the rest. */
import { ClientError, type ErrorCode, type PlauderClient, type SessionView } from "../api.ts";
import { Cell } from "../live.ts";

export type ActiveClient = PlauderClient & { setActive(active: boolean): void };

/** Every other name is a command that refuses. */
function refusing<T extends object>(code: ErrorCode, known: object = {}): T {
  const refuse = (): never => {
    throw new ClientError(code);
  };
  return new Proxy(known, {
    get: (target, name) => Reflect.get(target, name) ?? refuse,
    has: () => true,
  }) as T;
}

/** `erase`: what starting over takes, where that would help. */
export function unopened(code: ErrorCode, erase?: () => Promise<void>): ActiveClient {
  const part = <T extends object>(known?: object): T => refusing<T>(code, known);
  return part<ActiveClient>({
    session: part({
      state: new Cell<SessionView>({ kind: "failed", code }),
      connection: new Cell({ state: "offline", queued: 0 }),
      ...(erase && { logOut: erase }),
    }),
    notifications: part({ onMessage: () => () => undefined }),
    chats: part(),
    contacts: part(),
    groups: part(),
    profile: part(),
    devices: part(),
    backup: part(),
    media: part(),
    business: part(),
    calls: part(),
    setActive: () => undefined,
  });
}
