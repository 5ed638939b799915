import { createContext, useContext } from "react";

interface ShellActions {
  open(overlay: "search" | "new" | "invite" | "shortcuts"): void;
}

export const ShellContext = createContext<ShellActions>({ open: () => {} });

export const useShell = (): ShellActions => useContext(ShellContext);
