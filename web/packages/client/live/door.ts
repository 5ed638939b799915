/** Logging in and out again, with all that was said at the door. */
import { bare } from "@plauder/protocol/jid";
import type { FastToken } from "@plauder/protocol/negotiate";
import { NS } from "@plauder/protocol/ns";
import { type Platform, standardPlatform } from "@plauder/protocol/platform";
import { Session } from "@plauder/protocol/session";
import { Wire } from "@plauder/protocol/wire";
import { el } from "@plauder/protocol/xml";
import { eventually } from "./person.ts";
import type { RealServer } from "./server.ts";

interface Visit {
  readonly mechanisms: readonly string[];
  /** The attempts, word for word. */
  readonly said: readonly string[];
  /** What to come with next time. */
  readonly token: FastToken | undefined;
}

export class Door {
  readonly #url: string;
  readonly #jid: string;
  readonly #password: string;

  constructor(server: RealServer, jid: string, password: string) {
    this.#url = `${server.origin.replace("http", "ws")}/ws`;
    this.#jid = jid;
    this.#password = password;
  }

  async enter(token: FastToken | undefined): Promise<Visit> {
    const said: string[] = [];
    let next = token;
    const session = new Session({
      url: this.#url,
      platform: listening(said),
      credential: {
        jid: this.#jid,
        password: this.#password,
        token,
        userAgentId: "6b1c35a4-94c5-4a3a-9a6e-3a3b8a0f1e11",
        software: "Plauder",
        device: "Test",
      },
      consume: async () => undefined,
    });
    session.on("token", (fresh) => {
      next = fresh;
    });
    session.start();
    await eventually(() => session.isOnline, "in");
    session.stop();
    const attempts = said.filter((frame) => frame.startsWith("<authenticate"));
    const mechanisms = attempts.map((frame) => /mechanism="([^"]+)"/.exec(frame)?.[1] ?? "");
    return { mechanisms, said: attempts, token: next };
  }

  /** The name of what the server answers to an attempt that somebody else made. */
  async answerTo(attempt: string): Promise<string> {
    const wire = await Wire.open(standardPlatform(), this.#url, 10_000);
    const domain = bare(this.#jid).split("@")[1];
    wire.send(el("open", NS.framing, { to: domain, version: "1.0" }));
    await wire.receive(10_000);
    await wire.receive(10_000);
    wire.send(attempt);
    const { name } = await wire.receive(10_000);
    wire.close();
    return name;
  }
}

/** The usual platform, with a copy of each frame that is sent. */
function listening(said: string[]): Platform {
  const platform = standardPlatform();
  const openSocket = (url: string, subprotocol: string) => {
    const socket = platform.openSocket(url, subprotocol);
    const { send } = socket;
    socket.send = (text) => {
      said.push(text);
      send(text);
    };
    return socket;
  };
  return { ...platform, openSocket };
}
