/** Why something received could not be used. Thrown inside the package, turned into typed outcomes by the engine. */

import type { FailureReason } from "./api.ts";

export class Unreadable extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super(message);
    this.name = "Unreadable";
    this.reason = reason;
  }
}

/** The input breaks the format it claims to have. */
export function malformed(what: string): Unreadable {
  return new Unreadable("malformed", what);
}
