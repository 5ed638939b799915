import { createContext, useContext, useSyncExternalStore } from "react";
import type { CallDesk, DeskView } from "./desk.ts";

export const CallsContext = createContext<CallDesk | undefined>(undefined);

/** The desk of this window. Throws outside of the app's frame. */
export function useDesk(): CallDesk {
  const desk = useContext(CallsContext);
  if (!desk) throw new Error("No call desk above this component");
  return desk;
}

export function useDeskView(): DeskView {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, desk.get);
}
