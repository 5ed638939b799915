import { useLingui } from "@lingui/react/macro";
import type { PlauderClient } from "@plauder/client/api";
import { useCallback, useEffect, useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useFormat } from "../../lib/format.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Group, Page } from "../../ui/Page.tsx";

type Usage = Awaited<ReturnType<PlauderClient["media"]["usage"]>>;

export function StorageSettings() {
  const { t } = useLingui();
  const { media } = useClient();
  const format = useFormat();
  const command = useCommand();
  const errorText = useErrorText();
  const [usage, setUsage] = useState<Usage>();
  const [ask, setAsk] = useState(false);
  const { run } = command;
  const load = useCallback(() => run(async () => setUsage(await media.usage())), [run, media]);
  useEffect(() => {
    void load();
  }, [load]);
  const free = async (chat?: string) => {
    await run(() => media.free(chat));
    await load();
  };
  const total = usage ? usage.messages + usage.media : 0;
  return (
    <Page title={t`Storage`}>
      {command.failed && (
        <p role="alert" className="banner danger">
          {errorText(command.failed, command.details)}
        </p>
      )}
      {usage && (
        <>
          <section className="card p-5">
            <p className="text-4xl font-[710] tracking-[-.035em]">{format.bytes(total)}</p>
            <p className="text-ink-2">{t`on this device`}</p>
            <div className="mt-4 flex h-3 overflow-hidden rounded-full bg-surface-3" aria-hidden="true">
              <span
                className="bg-[var(--c1)]"
                style={{ width: `${(usage.messages / Math.max(1, total)) * 100}%` }}
              />
              <span
                className="bg-[var(--c2)]"
                style={{ width: `${(usage.media / Math.max(1, total)) * 100}%` }}
              />
            </div>
            <dl className="mt-3 grid grid-cols-[1fr_auto] gap-y-1">
              <dt>{t`Messages`}</dt>
              <dd className="num text-end">{format.bytes(usage.messages)}</dd>
              <dt>{t`Photos, voice notes and files`}</dt>
              <dd className="num text-end">{format.bytes(usage.media)}</dd>
              {usage.quota !== undefined && (
                <>
                  <dt className="text-ink-2">{t`The browser allows`}</dt>
                  <dd className="num text-end text-ink-2">{format.bytes(usage.quota)}</dd>
                </>
              )}
            </dl>
            {!usage.persisted && (
              <p className="banner warn mt-4">{t`The browser may erase this when the disk is full. Install Plauder as an app to prevent that.`}</p>
            )}
          </section>
          <Group
            title={t`By chat`}
            hint={t`Freeing removes downloaded files from this device; they can be loaded again while the server keeps them.`}
          >
            {usage.byChat.map((one) => (
              <div key={one.chat} className="setting">
                <span className="cut flex-1">{one.name}</span>
                <span className="num text-ink-2">{format.bytes(one.bytes)}</span>
                <button
                  type="button"
                  className="btn soft small"
                  disabled={command.busy}
                  aria-label={t`Free files of ${one.name}`}
                  onClick={() => void free(one.chat)}
                >
                  {t`Free`}
                </button>
              </div>
            ))}
            <button type="button" className="setting text-danger" onClick={() => setAsk(true)}>
              {t`Free all downloaded files`}
            </button>
          </Group>
        </>
      )}
      {ask && (
        <Confirm
          title={t`Free all downloaded files?`}
          action={t`Free`}
          danger
          onClose={() => setAsk(false)}
          onConfirm={() => void free()}
        >
          {t`Messages stay. Files can be loaded again while the server keeps them.`}
        </Confirm>
      )}
    </Page>
  );
}
