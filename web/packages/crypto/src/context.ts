/** What the operations of the engine share. */

import type { DeviceRef, Protocol } from "./api.ts";
import { OMEMO2 } from "./api.ts";
import type { Curve } from "./keys.ts";
import type { OwnKeys } from "./own.ts";
import type { Profile } from "./profile.ts";
import type * as records from "./records.ts";
import type { Sessions } from "./sessions.ts";
import { v2 } from "./wire-v2.ts";
import { v03 } from "./wire-v03.ts";

/** What every operation needs to know of this device. */
export interface Context {
  readonly self: DeviceRef;
  readonly curve: Curve;
  readonly now: () => number;
  readonly sessions: Readonly<Record<records.Version, Sessions>>;
  readonly own: Readonly<Record<records.Version, OwnKeys>>;
  /** An archive is being read: used prekeys stay until it is. */
  isCatchingUp: boolean;
}

export const profileOf = (protocol: Protocol): Profile => (protocol === OMEMO2 ? v2 : v03);
