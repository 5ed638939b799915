/** For browser tests: the demo world in memory. `?signed-out` and `?bulk=10000` choose how it begins. */

import type { PlauderClient } from "@plauder/client/api";
import { createFakeClient } from "@plauder/client/fake";

export async function connect(): Promise<PlauderClient> {
  const query = new URLSearchParams(location.search);
  const client = createFakeClient({
    signedOut: query.has("signed-out"),
    bulk: Number(query.get("bulk") ?? 0),
  });
  (globalThis as { fake?: unknown }).fake = client;
  return client;
}
