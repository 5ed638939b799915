import { describe, expect, it } from "vitest";
import { fromBase64, fromUtf8, toBase64, utf8 } from "./bytes.ts";
import { AuthenticationFailed, ProtocolViolation, ServerNotGenuine } from "./errors.ts";
import { chooseScram, fastInitial, fastVerify, Scram } from "./scram.ts";
import { FakePlatform } from "./testing/fake-platform.ts";

const platform = new FakePlatform();
platform.randomBytes = () => fromBase64("rOprNGfwEbeRWgbNEkqO");
const OFFER = ["SCRAM-SHA-256", "SCRAM-SHA-1"];
const start = () => new Scram(platform, "SCRAM-SHA-256", "user", "pencil", OFFER);
// RFC 7677 §3
const CHALLENGE = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

describe("SCRAM-SHA-256", () => {
  it("plays the exchange of RFC 7677", async () => {
    const scram = start();
    expect(fromUtf8(scram.first())).toBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    expect(fromUtf8(await scram.respond(utf8(CHALLENGE)))).toBe(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    scram.verify(utf8("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    expect(() => scram.verify(utf8("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))).toThrow(
      ServerNotGenuine,
    );
    expect(() => scram.verify(utf8("e=invalid-proof"))).toThrow(AuthenticationFailed);
  });

  it("refuses a server that never proved itself", () => {
    expect(() => start().verify(utf8("v="))).toThrow(ServerNotGenuine);
  });

  it.each([
    ["another nonce", CHALLENGE.replace("rOprNG", "XXXXXX"), ServerNotGenuine],
    [
      "our nonce without its own",
      "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      ServerNotGenuine,
    ],
    ["few iterations", CHALLENGE.replace("i=4096", "i=1"), ServerNotGenuine],
    ["absurdly many iterations", CHALLENGE.replace("i=4096", "i=4096000000"), ServerNotGenuine],
    ["a mandatory extension", `m=x,${CHALLENGE}`, ProtocolViolation],
    ["nothing", "", ServerNotGenuine],
  ])("refuses a challenge with %s", async (_, challenge, error) => {
    await expect(start().respond(utf8(challenge))).rejects.toThrow(error);
  });

  it("notices a tampered offer (XEP-0474)", async () => {
    const hash = toBase64(await platform.hash("SHA-256", utf8([...OFFER].sort().join("\x1e"))));
    await start().respond(utf8(`${CHALLENGE},h=${hash}`));
    const stripped = new Scram(platform, "SCRAM-SHA-256", "user", "pencil", ["SCRAM-SHA-256"]);
    await expect(stripped.respond(utf8(`${CHALLENGE},h=${hash}`))).rejects.toThrow(ServerNotGenuine);
  });
});

it("takes the strongest mechanism it knows", () => {
  expect(chooseScram(["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-512"])).toBe("SCRAM-SHA-512");
  expect(chooseScram(["PLAIN", "SCRAM-SHA-256-PLUS"])).toBeUndefined();
});

it("proves a token and checks the answer", async () => {
  const initial = await fastInitial(platform, "ana", "t");
  expect(fromUtf8(initial.slice(0, 4))).toBe("ana\0");
  expect(initial.slice(4)).toEqual(await platform.hmac("SHA-256", utf8("t"), utf8("Initiator")));
  await fastVerify(platform, "t", await platform.hmac("SHA-256", utf8("t"), utf8("Responder")));
  await expect(fastVerify(platform, "t", initial.slice(4))).rejects.toThrow(ServerNotGenuine);
});
