import type { BusinessReply, FormOffer, FormRequest, MessageId, MessageView } from "@plauder/client/api";

/** What can be done with a message; one object per open chat, so that bubbles need not render again. */
export interface MessageActions {
  reply(message: MessageView): void;
  edit(message: MessageView): void;
  react(message: MessageView, emoji: string): void;
  /** Opens the menu; `at` is where, for a pointer. */
  menu(message: MessageView, at?: { x: number; y: number }): void;
  details(message: MessageView): void;
  /** Chooses messages, or no longer, to do one thing with all that are chosen. */
  pick(ids: readonly MessageId[]): void;
  forward(message: MessageView): void;
  retry(message: MessageView): void;
  jump(id: MessageId): void;
  view(message: MessageView): void;
  heard(message: MessageView): void;
  /** The voice note of somebody else right after this message, if there is one. */
  voiceAfter(message: MessageView): MessageView | undefined;
  answer(message: MessageView, reply: BusinessReply, options?: { said?: string; pressed?: string }): void;
  form(message: MessageView, offer: FormOffer, ask: FormRequest): Promise<Readonly<Record<string, unknown>>>;
  safety(): void;
  call(video: boolean): void;
}
