import { ClientError, type PlauderClient } from "@plauder/client/api";

export async function connect(): Promise<PlauderClient> {
  throw new ClientError("internal", "No client is built in");
}
