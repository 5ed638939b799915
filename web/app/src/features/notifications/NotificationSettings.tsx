import { useLingui } from "@lingui/react/macro";
import type { PushHop } from "@plauder/client/api";
import { BellRing, CircleCheck, CircleX } from "lucide-react";
import { useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { Group, Page } from "../../ui/Page.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";
import { pushOff, pushOn } from "./push.ts";

export function NotificationSettings() {
  const { t } = useLingui();
  const { notifications } = useClient();
  const settings = useLive(notifications.settings);
  const command = useCommand();
  const errorText = useErrorText();
  const [refused, setRefused] = useState(false);
  if (!settings) return null;
  const supported = typeof Notification !== "undefined";
  const toggle = (on: boolean) =>
    command.run(async () => {
      setRefused(false);
      if (on && (await Notification.requestPermission()) !== "granted") {
        setRefused(true);
        return;
      }
      await notifications.set({ enabled: on });
      await (on ? pushOn(notifications) : pushOff(notifications));
    });
  return (
    <Page title={t`Notifications`}>
      {!supported && <p className="banner warn">{t`This browser cannot show notifications.`}</p>}
      {refused && (
        <p className="banner warn">{t`The browser said no. Allow notifications for this site in the address bar, then try again.`}</p>
      )}
      {command.failed && (
        <p role="alert" className="banner danger">
          {errorText(command.failed, command.details)}
        </p>
      )}
      <Group
        hint={t`While Plauder is closed, the server wakes this browser without saying who wrote or what.`}
      >
        <SwitchRow
          label={t`Notify me of new messages`}
          on={settings.enabled}
          disabled={!supported || command.busy}
          onChange={(on) => void toggle(on)}
        />
        <SwitchRow
          label={t`Show what the message says`}
          on={settings.showText}
          disabled={!settings.enabled}
          onChange={(showText) => void command.run(() => notifications.set({ showText }))}
        />
        <SwitchRow
          label={t`Sound`}
          on={settings.sound}
          disabled={!settings.enabled}
          onChange={(sound) => void command.run(() => notifications.set({ sound }))}
        />
        <SwitchRow
          label={t`Groups too`}
          on={settings.groups}
          disabled={!settings.enabled}
          onChange={(groups) => void command.run(() => notifications.set({ groups }))}
        />
      </Group>
      {settings.enabled && supported && <PushTest />}
    </Page>
  );
}

/** Rings this browser the way a message would, and shows how far it came. */
function PushTest() {
  const { t } = useLingui();
  const { notifications } = useClient();
  const command = useCommand();
  const errorText = useErrorText();
  const [hops, setHops] = useState<readonly PushHop[]>();
  const test = () =>
    command.run(async () => {
      setHops(undefined);
      await pushOn(notifications);
      setHops(await notifications.test());
    });
  const reached = hops !== undefined && hops.length > 0 && hops.every((hop) => hop.ok);
  return (
    <Group
      title={t`While Plauder is closed`}
      hint={t`The test rings this browser now, the way a message would.`}
    >
      <button type="button" className="setting" disabled={command.busy} onClick={() => void test()}>
        <BellRing size={20} strokeWidth={1.75} className="text-ink-2" aria-hidden />
        <span className="flex-1">{t`Test the notification`}</span>
      </button>
      <div role="status">
        {command.failed && (
          <p className="setting text-danger">{errorText(command.failed, command.details)}</p>
        )}
        {hops && (
          <p className={`setting ${reached ? "text-ok" : "text-danger"}`}>
            {reached ? <CircleCheck size={20} aria-hidden /> : <CircleX size={20} aria-hidden />}
            <span className="flex-1">
              {reached
                ? t`The push service has taken it. A notice should appear now.`
                : t`It did not get through: this browser is not registered with a push service. Notices come while Plauder is open.`}
            </span>
          </p>
        )}
        {hops?.map((hop) => (
          <p key={hop.hop} className="hint px-4 pb-2">
            {hop.hop}: {hop.detail}
          </p>
        ))}
      </div>
    </Group>
  );
}
