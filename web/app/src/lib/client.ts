/** The client and its live values, as React hooks. */

import { ClientError, type ErrorCode, type Live, type PlauderClient } from "@plauder/client/api";
import { createContext, useCallback, useContext, useMemo, useState, useSyncExternalStore } from "react";

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
