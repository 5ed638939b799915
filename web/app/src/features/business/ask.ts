/** Asking the business API, and telling it something, from a screen. */

import { ClientError } from "@plauder/client/api";
import { createContext, useCallback, useContext, useEffect, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import type { Overview } from "./model.ts";

export interface Asked<T> {
  /** The last answer; undefined while the first is on its way. */
  readonly value: T | undefined;
  readonly error: ClientError | undefined;
  /** Ask again now. */
  readonly reload: () => void;
}

/** The answer to a GET, asked again every `every` milliseconds while somebody looks. */
export function useAsk<T>(path: string | undefined, every = 0): Asked<T> {
  const { business } = useClient();
  const [state, setState] = useState<{ path?: string; value?: T; error?: ClientError }>({});
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn is a wish to ask again
  useEffect(() => {
    if (path === undefined) return;
    let live = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const value = document.hidden && every ? undefined : await business.call<T>("GET", path);
        if (live && value !== undefined) setState((old) => (same(old, path, value) ? old : { path, value }));
      } catch (error) {
        if (live) setState((old) => ({ ...(old.path === path ? old : { path }), error: asError(error) }));
      }
      if (live && every) timer = setTimeout(() => void ask(), every);
    };
    void ask();
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [business, path, every, turn]);
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  const current = state.path === path;
  return { value: current ? state.value : undefined, error: current ? state.error : undefined, reload };
}

function same(old: { path?: string; value?: unknown; error?: ClientError }, path: string, value: unknown) {
  return !old.error && old.path === path && JSON.stringify(old.value) === JSON.stringify(value);
}

function asError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  console.error(error);
  return new ClientError("internal");
}

export interface Act {
  readonly busy: boolean;
  readonly error: ClientError | undefined;
  /** Resolves with what `act` gave, or undefined if it failed. */
  run<T>(act: () => Promise<T>): Promise<T | undefined>;
  clear(): void;
}

/** State of a button that tells the API something. */
export function useAct(): Act {
  const [state, setState] = useState<{ busy: boolean; error?: ClientError }>({ busy: false });
  const run = useCallback(async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    setState({ busy: true });
    try {
      const value = await act();
      setState({ busy: false });
      return value;
    } catch (error) {
      setState({ busy: false, error: asError(error) });
      return undefined;
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false }), []);
  return { busy: state.busy, error: state.error, run, clear };
}

/** Our sentence, with the platform's own words behind it when it refused something. */
export function useProblem(): (error: ClientError) => string {
  const errorText = useErrorText();
  return (error) =>
    error.code === "refused"
      ? `${errorText("refused")} ${error.message}`
      : errorText(error.code, error.details);
}

/** What is said below a field that the server did not accept. */
export function useFieldProblem(): (error: ClientError | undefined, field: string) => string | undefined {
  const problem = useProblem();
  return (error, field) => (error?.details.field === field ? problem(error) : undefined);
}

export interface Place {
  readonly overview: Overview;
  /** `/<business>`, what every path of its API begins with. */
  readonly base: string;
  readonly reload: () => void;
}

export const PlaceContext = createContext<Place | undefined>(undefined);

/** The business whose screens these are. */
export function usePlace(): Place {
  const place = useContext(PlaceContext);
  if (!place) throw new Error("No business above this component");
  return place;
}
