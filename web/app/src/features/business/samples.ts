/** Programs that send the first template, with the real values in them; they run as they are. */

export const HELLO = {
  name: "hello_plauder",
  language: "en_US",
  category: "UTILITY",
  components: [
    { type: "BODY", text: "Hello! Your first message has arrived. Everything is set up." },
    { type: "BUTTONS", buttons: [{ type: "QUICK_REPLY", text: "It works" }] },
  ],
} as const;

export const VERSION = "v23.0";

export interface Values {
  readonly base: string;
  readonly phone: string;
  readonly token: string;
  readonly to: string;
}

export function helloBody(to: string) {
  return {
    messaging_product: "whatsapp",
    to,
    type: "template",
    template: { name: HELLO.name, language: { code: HELLO.language } },
  };
}

export function curlSample({ base, phone, token, to }: Values): string {
  return `curl '${base}/${VERSION}/${phone}/messages' \\
  -H 'Authorization: Bearer ${token}' \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(helloBody(to))}'
`;
}

export function pywaSample({ base, phone, token, to }: Values): string {
  return `# pip install pywa
import httpx
from pywa import WhatsApp
from pywa.types.templates import TemplateLanguage

session = httpx.Client()
wa = WhatsApp(phone_id="${phone}", token="${token}", session=session)
session.base_url = "${base}/${VERSION}"

sent = wa.send_template(
    to="${to}",
    name="${HELLO.name}",
    language=TemplateLanguage.ENGLISH_US,
    params=[],
)
print(sent.id)
`;
}

export function fetchSample({ base, phone, token, to }: Values): string {
  return `const answer = await fetch("${base}/${VERSION}/${phone}/messages", {
  method: "POST",
  headers: {
    Authorization: "Bearer ${token}",
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${JSON.stringify(helloBody(to), null, 2).replaceAll("\n", "\n  ")}),
});
console.log(await answer.json());
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** An entry of the journal as a command. Its key is not in the journal: `$TOKEN` stands for it. */
export function entryCurl(
  base: string,
  entry: { kind: "request" | "webhook"; method: string; url: string; request: string },
): string {
  const webhook = entry.kind === "webhook";
  const head = [`curl -X ${entry.method || "POST"} ${quoted(webhook ? entry.url : base + entry.url)}`];
  if (!webhook) head.push(`-H "Authorization: Bearer $TOKEN"`);
  if (/^\s*[[{]/u.test(entry.request))
    head.push("-H 'Content-Type: application/json'", `--data-raw ${quoted(entry.request)}`);
  return `${head.join(" \\\n  ")}\n`;
}

/** What an entry is about, in the API's own words: `read`, `text`, `template hello_plauder`. "" where that is not told. */
export function gist({ kind, request }: { kind: "request" | "webhook"; request: string }): string {
  const body = parsed(request);
  const value = kind === "webhook" ? dig(body, "entry", 0, "changes", 0, "value") : undefined;
  const status = dig(value, "statuses", 0, "status");
  if (typeof status === "string") return status;
  const message = kind === "webhook" ? dig(value, "messages", 0) : body;
  const type = dig(message, "type") ?? dig(message, "status") ?? dig(value, "event");
  if (typeof type !== "string") return "";
  const more =
    dig(message, "text", "body") ?? dig(message, "template", "name") ?? dig(message, "interactive", "type");
  return typeof more === "string" ? `${type} ${more.slice(0, 60)}` : type;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function dig(from: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce(
    (value, step) =>
      typeof value === "object" && value !== null
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    from,
  );
}
