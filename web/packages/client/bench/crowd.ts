/**
 * A server and somebody who writes a lot, for `python -m bench.app`. One JSON object a line, both ways:
 * says `{origin, jid}`, then answers `{code: number}`, `{write: jid, count, prefix}` and `{steady: jid, rate, seconds}`
 * when done.
 */
import { createInterface } from "node:readline";
import { eventually, Person } from "../live/person.ts";
import { RealServer } from "../live/server.ts";

interface Order {
  readonly code?: string;
  readonly write?: string;
  readonly steady?: string;
  readonly count: number;
  readonly prefix: string;
  readonly rate: number;
  readonly seconds: number;
}

const say = (value: object) => console.log(JSON.stringify(value));
const server = await RealServer.start();
const ana = await Person.register(server, "+4915112345671");
const waiting = () =>
  ana.store.sql.value<number>("SELECT count(*) FROM message WHERE tick = 'waiting'") as number;

async function write(to: string, count: number, prefix: string): Promise<void> {
  for (let at = 1; at <= count; at++) await ana.client.conversation(to).send(`${prefix} ${at}`);
  const limit = Date.now() + 300_000;
  while (waiting() > 0) {
    if (Date.now() > limit) throw new Error("the server does not take them");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function steady(to: string, rate: number, seconds: number): Promise<void> {
  const start = performance.now();
  for (let sent = 0; sent < rate * seconds; sent++) {
    await ana.client.conversation(to).send(`steadily ${sent}`);
    const due = start + ((sent + 1) * 1000) / rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
}

await eventually(() => ana.client.session.connection.get().state === "online", "online");
say({ origin: server.origin, jid: ana.jid });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  const start = performance.now();
  if (order.code) say({ code: await server.code(order.code) });
  else if (order.write) {
    await write(order.write, order.count, order.prefix);
    say({ took: performance.now() - start });
  } else if (order.steady) {
    await steady(order.steady, order.rate, order.seconds);
    say({ took: performance.now() - start });
  }
}
await ana.client.close();
await server.stop();
process.exit(0);
