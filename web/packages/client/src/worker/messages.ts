/** What goes between a page and the worker that holds the client. */
import type { ErrorCode } from "../api.ts";
import type { Patch } from "./patch.ts";

/** Parts of the client by name; a conversation is `["conversation", <chat>, …]`. */
export type Path = readonly string[];

export type ToHost =
  | { readonly do: "call"; readonly id: string; readonly path: Path; readonly args: readonly unknown[] }
  | { readonly do: "watch"; readonly id: string; readonly path: Path; readonly args: readonly unknown[] }
  | { readonly do: "unwatch"; readonly id: string }
  | { readonly do: "active"; readonly active: boolean }
  | { readonly do: "leave" };

export type ToPage =
  | { readonly is: "result"; readonly id: string; readonly value: unknown }
  | {
      readonly is: "error";
      readonly id: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: object;
    }
  /** What changed together, so that it is drawn together. */
  | { readonly is: "values"; readonly values: readonly (readonly [id: string, patch: Patch])[] }
  | { readonly is: "notice"; readonly value: unknown }
  /** Another tab's worker serves from now on: watch and ask again. */
  | { readonly is: "host" };

/** One way of a channel; the other end has the other way. */
export interface Sender<Message> {
  post(message: Message): void;
}
