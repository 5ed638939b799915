import { request } from "node:http";
import { HttpError } from "@plauder/protocol/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MessageView } from "../src/api.ts";
import type { Transport } from "../src/core/media.ts";
import { httpTransport } from "../src/worker/transport.ts";
import { eventually, Person } from "./person.ts";
import { hasServer, RealServer } from "./server.ts";

/** Sends some of the bytes, then the cable is pulled. */
function breakOff(
  url: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  at: number,
): Promise<never> {
  return new Promise((_, reject) => {
    const sending = request(url, { method: "PUT", headers: { ...headers, "content-length": body.length } });
    const pull = () => {
      sending.destroy();
      reject(new HttpError(0, "the upload broke off"));
    };
    sending.on("error", () => undefined);
    sending.write(body.subarray(0, at), () => setTimeout(pull, 300));
  });
}

describe.skipIf(!hasServer)("an upload to the real server", () => {
  let server: RealServer;
  let ana: Person;
  let bruno: Person;
  const offsets: number[] = [];

  beforeAll(async () => {
    server = await RealServer.start();
    const unlucky: Transport = {
      ...httpTransport,
      put(url, body, headers, signal, progress, offset = 0) {
        offsets.push(offset);
        if (offsets.length === 1) return breakOff(url, body, headers, 400_000);
        return httpTransport.put(url, body, headers, signal, progress, offset);
      },
    };
    ana = await Person.register(server, "+4915112345681", unlucky);
    bruno = await Person.register(server, "+4915112345682");
  }, 120_000);

  afterAll(async () => {
    for (const person of [ana, bruno]) await person?.client.close();
    await server?.stop();
  });

  it("that broke off goes on where the server has it, and opens whole", async () => {
    const bytes = new Uint8Array(1_000_000).map((_, at) => (at * 31) % 251);
    const brunos = bruno.open(ana.jid);
    await ana.client.conversation(bruno.jid).attach({ kind: "file", blob: new Blob([bytes]), name: "a.bin" });
    await eventually(() => brunos.last() !== undefined, "the file arrives");
    expect(offsets).toHaveLength(2);
    expect(offsets[1]).toBeGreaterThan(0);
    expect(offsets[1]).toBeLessThanOrEqual(400_000);
    await bruno.client.chats.acceptRequest(ana.jid);
    const got = await bruno.client.media.open(brunos.last() as MessageView);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  }, 120_000);
});
