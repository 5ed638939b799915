import { useLingui } from "@lingui/react/macro";
import type { Audience, Privacy } from "@plauder/client/api";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useFormat } from "../../lib/format.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Choices } from "../../ui/Choices.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Group, Page } from "../../ui/Page.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";

type AudienceKey = "lastSeen" | "online" | "avatar" | "about" | "addToGroups";
const TIMERS = [0, 3600, 86_400, 604_800, 7_776_000] as const;

export function PrivacySettings() {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const privacy = useLive(client.profile.privacy);
  const blocked = useLive(client.contacts.blocked) ?? [];
  const command = useCommand();
  const errorText = useErrorText();
  const [asking, setAsking] = useState<AudienceKey | "timer">();
  if (!privacy) return null;
  const set = (change: Partial<Privacy>) => void command.run(() => client.profile.setPrivacy(change));
  const audience: Record<Audience, string> = {
    everyone: t`Everyone`,
    contacts: t`My contacts`,
    nobody: t`Nobody`,
  };
  const rows: [AudienceKey, string][] = [
    ["lastSeen", t`Last seen`],
    ["online", t`Online`],
    ["avatar", t`Profile picture`],
    ["about", t`About`],
    ["addToGroups", t`Who may add me to groups`],
  ];
  const title = rows.find(([key]) => key === asking)?.[1] ?? "";
  return (
    <Page title={t`Privacy`}>
      {command.failed && (
        <p role="alert" className="banner danger">
          {errorText(command.failed, command.details)}
        </p>
      )}
      <Group title={t`Who sees it`}>
        {rows.map(([key, label]) => (
          <button type="button" key={key} className="setting" onClick={() => setAsking(key)}>
            <span className="flex-1">{label}</span>
            <span className="text-ink-2">{audience[privacy[key]]}</span>
            <ChevronRight size={16} className="text-ink-3 rtl:rotate-180" aria-hidden />
          </button>
        ))}
      </Group>
      <Group title={t`Messages`}>
        <SwitchRow
          label={t`Read receipts`}
          hint={t`When off, you do not see others’ either.`}
          on={privacy.readReceipts}
          onChange={(readReceipts) => set({ readReceipts })}
        />
        <SwitchRow
          label={t`Show when I am typing`}
          on={privacy.typing}
          onChange={(typing) => set({ typing })}
        />
        <SwitchRow
          label={t`People can find me by my number`}
          hint={t`Your number is compared scrambled, never in the clear.`}
          on={privacy.findByNumber}
          onChange={(findByNumber) => set({ findByNumber })}
        />
        <button type="button" className="setting" onClick={() => setAsking("timer")}>
          <span className="flex-1">{t`Disappearing messages in new chats`}</span>
          <span className="text-ink-2">
            {privacy.defaultTimer === 0 ? t`Off` : format.span(privacy.defaultTimer)}
          </span>
          <ChevronRight size={16} className="text-ink-3 rtl:rotate-180" aria-hidden />
        </button>
      </Group>
      <Group title={t`Blocked`}>
        {blocked.length === 0 && <p className="setting text-ink-2">{t`Nobody is blocked.`}</p>}
        {blocked.map((one) => (
          <div key={one.id} className="setting">
            <Avatar of={one.avatar} square={one.kind === "business"} size={36} />
            <span className="cut flex-1">{one.name}</span>
            <button
              type="button"
              className="btn soft small"
              onClick={() => void command.run(() => client.contacts.unblock(one.id))}
              aria-label={t`Unblock ${one.name}`}
            >
              {t`Unblock`}
            </button>
          </div>
        ))}
      </Group>
      {asking && asking !== "timer" && (
        <Dialog title={title} onClose={() => setAsking(undefined)}>
          <Choices
            label={title}
            value={privacy[asking]}
            options={(["everyone", "contacts", "nobody"] as const).map((value) => ({
              value,
              label: audience[value],
            }))}
            onChange={(value) => {
              set({ [asking]: value as Audience });
              setAsking(undefined);
            }}
          />
        </Dialog>
      )}
      {asking === "timer" && (
        <Dialog title={t`Disappearing messages in new chats`} onClose={() => setAsking(undefined)}>
          <Choices
            label={t`Disappearing messages in new chats`}
            value={String(privacy.defaultTimer)}
            options={TIMERS.map((seconds) => ({
              value: String(seconds),
              label: seconds === 0 ? t`Off` : format.span(seconds),
            }))}
            onChange={(value) => {
              set({ defaultTimer: Number(value) });
              setAsking(undefined);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}
