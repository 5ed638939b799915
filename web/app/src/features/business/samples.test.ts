import { expect, it } from "vitest";
import { entryCurl, gist } from "./samples.ts";

const request = {
  kind: "request",
  method: "POST",
  url: "/v23.0/1/messages",
  request: `{"text":"it's"}`,
} as const;

it("makes a command of a request, quoted for a shell, with the key left out", () => {
  expect(entryCurl("http://h", request)).toBe(
    `curl -X POST 'http://h/v23.0/1/messages' \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  --data-raw '{"text":"it'\\''s"}'
`,
  );
});

it("sends a webhook to its program, and nothing that is no JSON", () => {
  const webhook = { ...request, kind: "webhook", url: "https://p/hook" } as const;
  expect(entryCurl("http://h", webhook)).toContain("curl -X POST 'https://p/hook' ");
  expect(entryCurl("http://h", webhook)).not.toContain("Bearer");
  expect(entryCurl("http://h", { ...request, method: "GET", request: "" })).not.toContain("data");
});

it("tells what an entry is about", () => {
  const update = (value: object) => ({
    kind: "webhook" as const,
    request: JSON.stringify({ entry: [{ changes: [{ value }] }] }),
  });
  expect(gist(update({ statuses: [{ status: "read" }] }))).toBe("read");
  expect(gist(update({ messages: [{ type: "text", text: { body: "Oi" } }] }))).toBe("text Oi");
  expect(gist(update({ event: "APPROVED" }))).toBe("APPROVED");
  expect(gist({ kind: "request", request: '{"type":"template","template":{"name":"hi"}}' })).toBe(
    "template hi",
  );
  for (const request of ["", "{", "null", "[]", '{"entry":5}', '{"type":{}}'])
    expect([gist({ kind: "webhook", request }), gist({ kind: "request", request })]).toEqual(["", ""]);
});
