/** What was said before the curtain rises: the facts of the design pictures. */

import type { Content, MediaView, MessageView, ReactionView } from "../api.ts";
import { sceneUrl } from "./art.ts";
import { avatar, BUSINESSES, jid, ME, PEOPLE } from "./people.ts";

const everybody = new Map([...PEOPLE, ...BUSINESSES].map((one) => [one.id, one]));

export type Said = Partial<Omit<MessageView, "reactions">> & {
  from: string;
  minutes: number;
  content: Content;
  reactions?: readonly ReactionView[];
};

let counter = 0;

/** `minutes` before `now`. */
export function said(chat: string, now: number, line: Said): MessageView {
  const { from, minutes, ...rest } = line;
  const own = from === "me";
  const id = own ? ME : jid(from);
  const name = own ? "Ana Ribeiro" : (everybody.get(id)?.name ?? from);
  counter += 1;
  return {
    id: `m${counter}`,
    chat,
    own,
    sender: { id, name, avatar: everybody.get(id)?.avatar ?? avatar(name) },
    at: now - minutes * 60_000,
    reactions: [],
    edited: false,
    forwarded: false,
    starred: false,
    canEdit: own && line.content.kind === "text",
    canDeleteForAll: own,
    ...(own ? { tick: "read" as const } : {}),
    ...rest,
  };
}

export const text = (value: string): Content => ({ kind: "text", text: value });

export function photo(
  name: "mountains" | "city" | "beach" | "mug" | "plate" | "stole" | "cushion",
  alt: string,
  caption = "",
): Content {
  const media: MediaView = {
    id: `scene-${name}`,
    name: `${name}.jpg`,
    type: "image/svg+xml",
    size: 184_320,
    width: 320,
    height: 200,
    preview: sceneUrl(name),
    alt,
    transfer: { state: "here" },
  };
  return { kind: "image", media, caption };
}

function wave(length: number): number[] {
  return Array.from(
    { length },
    (_, index) => 0.2 + 0.8 * Math.abs(Math.sin(index * 1.7) * Math.cos(index * 0.37)),
  );
}

const VOICE: Content = {
  kind: "voice",
  media: { id: "voice-1", name: "voice.ogg", type: "audio/ogg", size: 48_000, transfer: { state: "here" } },
  seconds: 24,
  wave: wave(50),
  heard: true,
  transcript:
    "I’ll pick you up, just send me the flight number. And bring a warm coat, it’s three degrees here.",
};

const UPLOAD: Content = {
  kind: "file",
  media: {
    id: "file-1",
    name: "packing-list.pdf",
    type: "application/pdf",
    size: 498_000,
    transfer: { state: "up", done: 312_000 },
  },
  caption: "",
};

const BROCKEN = "Brocken on Sunday. Next time with you!";

export const SCRIPT: Readonly<Record<string, readonly Said[]>> = {
  bruno: [
    { from: "bruno", minutes: 4000, content: text("Are you back in São Paulo?") },
    { from: "me", minutes: 3990, content: text("Until Friday. Then Berlin, at last.") },
    {
      from: "bruno",
      minutes: 1500,
      content: text("https://plauder.example/hikes has the route, 14 km and 600 m up."),
    },
    {
      from: "bruno",
      minutes: 13,
      content: photo("mountains", "Two hikers below a snowy peak", BROCKEN),
      reactions: [
        { emoji: "❤️", count: 1, own: true, names: ["Ana Ribeiro"] },
        { emoji: "😂", count: 1, own: false, names: ["Bruno Keller"] },
      ],
    },
    {
      from: "me",
      minutes: 11,
      content: text("Deal! I land on Saturday at 14:35."),
      quote: { name: "Bruno", own: false, kind: "image", text: BROCKEN },
    },
    { from: "bruno", minutes: 6, content: VOICE },
    {
      from: "me",
      minutes: 3,
      tick: "delivered",
      content: text("KB 417 from Guarulhos. The airline sends the pass right here in the chat 🙂"),
    },
    { from: "me", minutes: 1, tick: "sent", content: text("And I’m bringing the mugs from Ateliê Ipê.") },
    { from: "me", minutes: 0, tick: "waiting", content: UPLOAD },
  ],
  kolibri: [
    {
      from: "kolibri",
      minutes: 4,
      content: {
        kind: "business",
        text: "Boarding pass for KB 417 is ready",
        payload: {
          type: "template",
          template: {
            name: "boarding_pass",
            language: "en",
            header: { type: "text", text: "KB 417 · GRU → BER" },
            body: "Hello Ana, here is your boarding pass. Seat 14A, gate B 32, boarding 20:55. *Bag drop closes at 20:40.*",
            footer: "Works without a connection",
            buttons: [
              { type: "url", text: "Add to wallet", url: "https://kolibri.example/wallet" },
              { type: "quick_reply", text: "Change seat", payload: "CHANGE_SEAT" },
            ],
          },
        },
      },
    },
  ],
  zugvogel: [
    {
      from: "zugvogel",
      minutes: 29,
      content: {
        kind: "business",
        text: "3 stops away, with you by 14:40",
        payload: {
          type: "interactive",
          interactive: {
            type: "list",
            header: { type: "text", text: "Parcel ZV 4821 9930 17" },
            body: { text: "3 stops away, with you by 14:40" },
            footer: { text: "Zugvogel Parcel" },
            action: {
              button: "Where to put it?",
              sections: [
                {
                  title: "At home",
                  rows: [
                    { id: "door", title: "At the door", description: "We take a picture" },
                    { id: "neighbour", title: "With a neighbour" },
                  ],
                },
                { title: "Later", rows: [{ id: "tomorrow", title: "Bring it tomorrow" }] },
              ],
            },
          },
        },
      },
    },
  ],
  mae: [
    { from: "me", minutes: 60, content: text("Mãe, cheguei bem!") },
    { from: "mae", minutes: 46, content: text("Que bom, filha. Vem almoçar no domingo?") },
  ],
  atelie: [
    {
      from: "atelie",
      minutes: 82,
      content: {
        kind: "business",
        text: "Caneca Jabuticaba",
        payload: {
          type: "interactive",
          interactive: {
            type: "cta_url",
            header: { type: "image", link: sceneUrl("mug") },
            body: { text: "Caneca Jabuticaba\nR$ 68,00 · 14 in stock" },
            action: {
              name: "cta_url",
              parameters: { display_text: "View in catalogue", url: "https://atelie.example/caneca" },
            },
          },
        },
      },
    },
    { from: "me", minutes: 80, content: text("Duas, e um prato Serra 😍") },
    {
      from: "atelie",
      minutes: 78,
      content: {
        kind: "business",
        text: "Pedido 1047",
        payload: {
          type: "interactive",
          interactive: {
            type: "button",
            body: {
              text: "Pedido 1047: 2 × Caneca Jabuticaba, 1 × Prato Serra. Total R$ 246,00 com entrega em Pinheiros.",
            },
            action: {
              buttons: [
                { type: "reply", reply: { id: "pay", title: "Pagar com PIX" } },
                { type: "reply", reply: { id: "change", title: "Mudar pedido" } },
              ],
            },
          },
        },
        answer: "Pagar com PIX",
      },
    },
    { from: "me", minutes: 73, content: text("Obrigada! Adorei as canecas") },
  ],
  livia: [
    { from: "livia", minutes: 130, content: text("Me manda a praia?") },
    { from: "me", minutes: 100, tick: "delivered", content: photo("beach", "A beach with an island") },
  ],
  kenji: [
    { from: "kenji", minutes: 150, content: text("When does the meeting start?") },
    {
      from: "me",
      minutes: 117,
      tick: "failed",
      failure: { code: "offline", canRetry: true },
      content: text("At nine, your time."),
    },
  ],
  deccan: [
    { from: "me", minutes: 1450, content: text("बहुत सुंदर! एक स्टोल और दो कुशन कवर भेज दीजिए।") },
    { from: "deccan", minutes: 1440, content: text("Your stole ships on Monday") },
  ],
  meera: [
    {
      from: "meera",
      minutes: 1700,
      content: {
        kind: "system",
        event: { kind: "call", video: false, own: false, outcome: "missed", seconds: 0 },
      },
    },
  ],
  rahul: [
    { from: "rahul", minutes: 2900, content: { kind: "locked", reason: "before-device" } },
    { from: "me", minutes: 2880, tick: "sent", content: text("See you at the station then") },
  ],
};

export const HIKERS: readonly Said[] = [
  {
    from: "bruno",
    minutes: 2000,
    content: { kind: "system", event: { kind: "group-created", by: "Bruno Keller" } },
  },
  { from: "bruno", minutes: 40, content: text("Sunday, 8:10, Gesundbrunnen. Who is in?") },
  { from: "me", minutes: 35, tick: "delivered", content: text("Me, jet-lagged but in.") },
  ...(["mountains", "city", "beach", "mug", "plate", "stole"] as const).map((name, index) => ({
    from: "livia",
    minutes: 25,
    content: photo(name, `Picture ${index + 1} of last Sunday`, index === 0 ? "Last Sunday" : ""),
  })),
  { from: "thiago", minutes: 20, content: text("I bring the cake") },
  { from: "thiago", minutes: 20, content: text("Two, to be safe") },
  { from: "livia", minutes: 15, content: text("And I the camera") },
  {
    from: "jonas",
    minutes: 6,
    content: {
      kind: "text",
      text: "@Ana Ribeiro who takes the big thermos?",
      mentions: [{ id: ME, begin: 0, end: 12 }],
    },
  },
];

export const COUSINS: readonly Said[] = [
  { from: "sofia", minutes: 3000, content: text("200 g of sour starch, six eggs, and patience") },
];
