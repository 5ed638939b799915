import type { MessageView } from "@plauder/client/api";
import { BusinessMessage } from "../../bubbles/Business.tsx";
import type { Desk } from "../../bubbles/parts.tsx";
import { useClient, useLive } from "../../lib/client.ts";
import type { MessageActions } from "./actions.ts";

/** A business's message in a chat; what is answered goes back to that business. */
export function Business({ message, actions }: { message: MessageView; actions: MessageActions }) {
  const me = useLive(useClient().profile.me);
  if (message.content.kind !== "business") return null;
  const { payload, text, answer, pressed } = message.content;
  const desk: Desk = {
    me: me?.number ? { name: me.name, number: me.number } : undefined,
    given: answer,
    pressed,
    answer: (reply, said) => actions.answer(message, reply, said ? { said } : {}),
    press: (reply, place) => actions.answer(message, reply, { pressed: place }),
    form: (offer, ask) => actions.form(message, offer, ask),
  };
  const digits = /^\d{5,17}(?=@)/u.exec(message.sender.id)?.[0];
  return <BusinessMessage payload={payload} text={text} digits={digits} desk={desk} />;
}
