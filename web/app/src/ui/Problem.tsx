import { type ReactNode, useId } from "react";
import type { Command } from "../lib/client.ts";
import { useErrorText } from "../lib/errors.ts";

interface Problem {
  /** For the field that it is about. */
  readonly field: { "aria-invalid"?: true; "aria-describedby"?: string };
  /** To stand beside it. */
  readonly shown: ReactNode;
}

/** What is wrong with a field, said at once and tied to it: words of the form, or why its command failed. */
export function useProblem(command: Command | undefined, words?: string): Problem {
  const id = useId();
  const errorText = useErrorText();
  const text = words ?? (command?.failed && errorText(command.failed, command.details));
  if (!text) return { field: {}, shown: null };
  return {
    field: { "aria-invalid": true, "aria-describedby": id },
    shown: (
      <p id={id} className="hint error mt-2" role="alert">
        {text}
      </p>
    ),
  };
}
