import type { BusinessContact, Interactive, MessageView, RenderedTemplate } from "@plauder/client/api";
import type { MessageActions } from "./actions.ts";
import { Contacts } from "./business/Contacts.tsx";
import { InteractiveMessage } from "./business/Interactive.tsx";
import type { Desk } from "./business/parts.tsx";
import { TemplateMessage } from "./business/Template.tsx";
import { MessageText } from "./Text.tsx";

/** A business's message: header, body, footer, and what can be answered with one tap. */
export function Business({ message, actions }: { message: MessageView; actions: MessageActions }) {
  if (message.content.kind !== "business") return null;
  const { payload, text, answer, pressed } = message.content;
  const desk: Desk = {
    given: answer,
    pressed,
    answer: (reply, said) => actions.answer(message, reply, said ? { said } : {}),
    press: (reply, place) => actions.answer(message, reply, { pressed: place }),
    form: (offer, ask) => actions.form(message, offer, ask),
  };
  if (payload.type === "interactive" && "interactive" in payload)
    return <InteractiveMessage of={payload.interactive as Interactive} message={message} desk={desk} />;
  if (payload.type === "template" && "template" in payload)
    return <TemplateMessage of={payload.template as RenderedTemplate} desk={desk} />;
  if (payload.type === "contacts" && "contacts" in payload)
    return <Contacts of={payload.contacts as readonly BusinessContact[]} />;
  return <MessageText text={text} />;
}
