import { useLingui } from "@lingui/react/macro";
import { ClientError } from "@plauder/client/api";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { online, useClient, useCommand } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { Empty } from "../../ui/Empty.tsx";

const route = getRouteApi("/inside/write/$address");

/** Where a message link of a business leads: into the chat with it, the text written but not sent. */
export function WriteTo() {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const { address } = route.useParams();
  const { text } = route.useSearch();
  const { run, failed, details } = useCommand();
  const errorText = useErrorText();
  useEffect(() => {
    let gone = false;
    void run(async () => {
      await online(client);
      const [one] = await client.contacts.discover([address]);
      if (gone) return;
      if (!one?.contact) throw new ClientError("not-found", "Nobody here has that address");
      const chat = one.contact.id;
      const conversation = client.conversation(chat);
      // What somebody was about to say themselves stays.
      if (text && !conversation.draft.get().text) conversation.saveDraft({ text });
      await navigate({ to: "/chats/$chat", params: { chat }, replace: true });
    });
    return () => {
      gone = true;
    };
  }, [address, text, client, navigate, run]);
  return failed ? (
    <Empty title={t`This chat is not on this device`}>{errorText(failed, details)}</Empty>
  ) : (
    <div aria-busy="true" />
  );
}
