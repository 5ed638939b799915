import { describe, expect, test } from "vitest";
import { OMEMO2 } from "../src/api.ts";
import { nobleCurve } from "../src/keys.ts";
import { bodyOf, couple, Device, PROTOCOLS, Server } from "./people.ts";

describe.each(PROTOCOLS)("two people over %s", (protocol) => {
  test("talk to and fro", async () => {
    const { ana, bruno } = await couple([protocol]);
    for (let turn = 0; turn < 4; turn++) {
      expect(bodyOf(await bruno.hear(ana, await ana.say(bruno.ref.jid, `oi ${turn}`)))).toBe(`oi ${turn}`);
      expect(bodyOf(await ana.hear(bruno, await bruno.say(ana.ref.jid, `tudo ${turn}`)))).toBe(
        `tudo ${turn}`,
      );
    }
  });

  test("the receiver of a key exchange owes an empty message, which ends it", async () => {
    const { ana, bruno } = await couple([protocol]);
    const first = await bruno.hear(ana, await ana.say(bruno.ref.jid, "1"));
    expect(first.tasks).toContainEqual({ do: "send-empty", device: ana.ref, protocol, why: "key-exchange" });
    expect(first.tasks).toContainEqual({ do: "publish-bundle", protocol });
    const second = await ana.say(bruno.ref.jid, "2");
    const [empty] = await bruno.work(first.tasks);
    expect(bodyOf(await ana.hear(bruno, empty as typeof second))).toBe("(empty)");
    expect(bodyOf(await bruno.hear(ana, second))).toBe("2");
    const key = protocol === OMEMO2 ? /kex/ : /prekey/;
    expect(JSON.stringify(second)).toMatch(key);
    expect(JSON.stringify(await ana.say(bruno.ref.jid, "3"))).not.toMatch(key);
  });

  test("without WebCrypto, by noble alone, and mixed", async () => {
    const server = new Server();
    const ana = await Device.join(server, "ana@example.org", { protocols: [protocol], curve: nobleCurve });
    const bruno = await Device.join(server, "bruno@example.org", { protocols: [protocol] });
    await ana.look(bruno.ref.jid);
    await bruno.look(ana.ref.jid);
    expect(bodyOf(await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi")))).toBe("oi");
    expect(bodyOf(await ana.hear(bruno, await bruno.say(ana.ref.jid, "oi!")))).toBe("oi!");
  });
});
