/** The real server, started for a test on free ports in a directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PYTHON = join(import.meta.dirname, "../../../../.venv/bin/python");

export const hasServer = existsSync(PYTHON);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

export class RealServer {
  readonly origin: string;
  readonly xmppPort: number;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(process: ChildProcess, directory: string, http: number, xmpp: number) {
    this.#process = process;
    this.#directory = directory;
    this.origin = `http://localhost:${http}`;
    this.xmppPort = xmpp;
  }

  static async start(): Promise<RealServer> {
    const directory = mkdtempSync(join(tmpdir(), "plauder-live-"));
    const environment = {
      ...process.env,
      PLAUDER_DATA_DIR: directory,
      // Not 0: the server has to know its own address, to hand out links to files.
      PLAUDER_HTTP__PORT: String(await freePort()),
      PLAUDER_XMPP__PORT: "0",
      PLAUDER_XMPP__TLS_PORT: "0",
      PLAUDER_DEV__PAGE: "true",
      PLAUDER_LOG__FORMAT: "json",
      PLAUDER_LIMITS__TRIES_PER_MINUTE: "1000",
      PLAUDER_REGISTRATION__CODES_PER_ADDRESS_PER_HOUR: "1000",
      PLAUDER_REGISTRATION__FIRST_WAIT_SECONDS: "0",
    };
    const child = spawn(PYTHON, ["-m", "plauder", "serve"], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    const ports = await new Promise<{ http: number; xmpp: number }>((resolve, reject) => {
      const hear = (line: string): void => {
        said.push(line);
        if (!line.startsWith("{")) return;
        const event = JSON.parse(line) as { event?: string; http: number; xmpp: number };
        if (event.event === "serving") resolve(event);
      };
      createInterface({ input: child.stdout }).on("line", hear);
      createInterface({ input: child.stderr }).on("line", hear);
      child.once("exit", () => reject(new Error(`the server did not start:\n${said.join("\n")}`)));
    });
    return new RealServer(child, directory, ports.http, ports.xmpp);
  }

  /** The code that was sent to a number last. */
  async code(number: string): Promise<string> {
    const sent = (await (await fetch(`${this.origin}/dev/codes.json`)).json()) as {
      to: string;
      text: string;
    }[];
    const texts = sent.filter(({ to }) => to === number).map(({ text }) => text);
    const code = texts.map((text) => /^(\d+)/.exec(text)?.[1]).find((found) => found !== undefined);
    if (!code) throw new Error(`no code was sent to ${number}`);
    return code;
  }

  /** An account with a password, for clients of others. */
  async account(name: string, password: string): Promise<string> {
    const child = spawn(PYTHON, ["-m", "plauder", "account", "add", name], {
      env: { ...process.env, PLAUDER_DATA_DIR: this.#directory },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.end(`${password}\n${password}\n`);
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => said.push(String(data)));
    const status = await new Promise((resolve) => child.once("exit", resolve));
    if (status !== 0) throw new Error(said.join(""));
    return `${name}@localhost`;
  }

  /** Start the bot of bot.py; it is ready when this resolves. */
  async bot(name: string): Promise<{ jid: string; stop(): void }> {
    const jid = await this.account(name, "a long enough secret");
    const script = join(import.meta.dirname, "bot.py");
    const authority = join(this.#directory, "tls", "ca.pem");
    const child = spawn(PYTHON, [script, jid, "a long enough secret", String(this.xmppPort), authority]);
    const said: string[] = [];
    child.stderr.on("data", (data) => said.push(String(data)));
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => line === "ready" && resolve());
      child.once("exit", () => reject(new Error(said.join(""))));
    });
    return { jid, stop: () => child.kill() };
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    await gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
