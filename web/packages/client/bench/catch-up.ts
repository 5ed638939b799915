/**
 * Catch-up of one device against the real server, in Node: `npm run --workspace packages/client bench`. The store is in
 * memory; `python -m bench.app` measures the same in a browser with its store on disk.
 */
import { eventually, Person } from "../live/person.ts";
import { RealServer } from "../live/server.ts";

const MESSAGES = Number(process.env.MESSAGES ?? 2000);

const server = await RealServer.start();
const ana = await Person.register(server, "+4915112345671");
let bruno = await Person.register(server, "+4915112345672");
await ana.client.conversation(bruno.jid).send("Oi");
const first = bruno.open(ana.jid);
await eventually(() => first.texts().includes("Oi"), "the first message");
await bruno.client.chats.acceptRequest(ana.jid);
await bruno.client.conversation(ana.jid).send("Oi");
const anas = ana.open(bruno.jid);
await eventually(() => anas.texts().length === 2, "the answer");
bruno.vanish();

const count = (person: Person) => person.store.sql.value<number>("SELECT count(*) FROM message") ?? 0;
let start = performance.now();
for (let at = 0; at < MESSAGES; at++)
  await ana.client.conversation(bruno.jid).send(`message ${at} of a busy night`);
const waiting = () =>
  ana.store.sql.value<number>("SELECT count(*) FROM message WHERE tick = 'waiting'") as number;
await eventually(() => waiting() === 0, "all are sent");
let took = performance.now() - start;
console.log(`sent ${MESSAGES}: ${Math.round((MESSAGES * 1000) / took)}/s`);

const before = count(bruno);
start = performance.now();
bruno = await bruno.restart(server);
console.log(`restarted after ${Math.round(performance.now() - start)} ms`);
const begun = performance.now();
await eventually(() => count(bruno) >= before + MESSAGES, "all are read");
took = performance.now() - begun;
console.log(`read ${MESSAGES}: ${Math.round((MESSAGES * 1000) / took)}/s`);
await ana.client.close();
await bruno.client.close();
await server.stop();
process.exit(0);
