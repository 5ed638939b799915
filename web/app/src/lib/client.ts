/** The client and its live values, as React hooks. */

import {
  type ChatId,
  type ChatView,
  ClientError,
  type ErrorCode,
  type Live,
  type PlauderClient,
} from "@plauder/client/api";
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";

export const ClientContext = createContext<PlauderClient | undefined>(undefined);

export function useClient(): PlauderClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error("No client above this component");
  return client;
}

export function useLive<T>(live: Live<T>): T {
  return useSyncExternalStore(live.subscribe, live.get);
}

/** A live value that depends on something; the same one as long as `keys` are the same. */
export function useLiveOf<T>(make: (client: PlauderClient) => Live<T>, keys: readonly unknown[]): T {
  const client = useClient();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what `make` depends on
  const live = useMemo(() => make(client), [client, ...keys]);
  return useLive(live);
}

/** What changes with each message, and only the list of chats shows. */
const OF_THE_LIST: ReadonlySet<string> = new Set([
  "preview",
  "draft",
  "at",
  "unread",
  "markedUnread",
  "mentioned",
] satisfies (keyof ChatView)[]);

/** A chat for its own screen: made anew when something changes that is shown there. */
export function useChat(id: ChatId): ChatView | undefined {
  const client = useClient();
  const live = useMemo(() => client.chats.one(id), [client, id]);
  const last = useRef<ChatView>(undefined);
  const get = useCallback(() => {
    const now = live.get();
    if (!last.current || !now || !isSameBut(OF_THE_LIST, last.current, now)) last.current = now;
    return last.current;
  }, [live]);
  return useSyncExternalStore(live.subscribe, get);
}

function isSameBut(except: ReadonlySet<string>, a: object, b: object): boolean {
  const [one, other] = [a, b] as Record<string, unknown>[] as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
    if (!except.has(key) && !Object.is(one[key], other[key])) return false;
  return true;
}

export interface Command {
  readonly busy: boolean;
  readonly failed: ErrorCode | undefined;
  /** Of the last failure. */
  readonly details: ClientError["details"];
  /** Runs one at a time; resolves whether it went well. */
  run(act: () => Promise<unknown>): Promise<boolean>;
  clear(): void;
}

/** State of a button that gives a command. */
export function useCommand(): Command {
  const [state, setState] = useState<{ busy: boolean; failed?: ErrorCode; details: ClientError["details"] }>({
    busy: false,
    details: {},
  });
  const run = useCallback(async (act: () => Promise<unknown>) => {
    setState({ busy: true, details: {} });
    try {
      await act();
      setState({ busy: false, details: {} });
      return true;
    } catch (error) {
      const code = error instanceof ClientError ? error.code : "internal";
      setState({ busy: false, failed: code, details: error instanceof ClientError ? error.details : {} });
      if (!(error instanceof ClientError)) console.error(error);
      return false;
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false, details: {} }), []);
  return { busy: state.busy, failed: state.failed, details: state.details, run, clear };
}

const PATIENCE = 15_000;

/** Waits until the connection stands; gives up after a while, so that the command itself says what is wrong. */
export function online(client: PlauderClient): Promise<void> {
  const { connection } = client.session;
  if (connection.get().state === "online") return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const stop = connection.subscribe(() => connection.get().state === "online" && done());
    const timer = setTimeout(done, PATIENCE);
    if (connection.get().state === "online") done();
  });
}
