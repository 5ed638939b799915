import type { BusinessContact, BusinessPayload, Interactive, RenderedTemplate } from "@plauder/client/api";
import { Contacts } from "./Contacts.tsx";
import { InteractiveMessage } from "./Interactive.tsx";
import type { Desk } from "./parts.tsx";
import { TemplateMessage } from "./Template.tsx";
import { MessageText } from "./Text.tsx";

interface Props {
  payload: BusinessPayload;
  /** What is shown of kinds that this version does not know. */
  text: string;
  /** The business's number, to call it. */
  digits: string | undefined;
  desk: Desk;
}

/** A business's message, in a chat or on the sandbox phone: header, body, footer, what can be answered with one tap. */
export function BusinessMessage({ payload, text, digits, desk }: Props) {
  if (payload.type === "interactive" && "interactive" in payload)
    return <InteractiveMessage of={payload.interactive as Interactive} digits={digits} desk={desk} />;
  if (payload.type === "template" && "template" in payload)
    return <TemplateMessage of={payload.template as RenderedTemplate} desk={desk} />;
  if (payload.type === "contacts" && "contacts" in payload)
    return <Contacts of={payload.contacts as readonly BusinessContact[]} />;
  return <MessageText text={text} />;
}
