import type { PlauderClient } from "@plauder/client/api";
import { connectClient } from "@plauder/client/worker/connect";

export async function connect(): Promise<PlauderClient> {
  return connectClient();
}
