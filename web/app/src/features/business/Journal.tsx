import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { ArrowDownLeft, ArrowUpRight, RotateCw, Terminal } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { DeadLetter, JournalEntry } from "./model.ts";
import { Card, Code, Screen, useCopy } from "./parts.tsx";
import { entryCurl, gist } from "./samples.ts";

const PAGE = 50;

/** What your program sent us, what we sent it, and what each side answered. */
export function Journal() {
  const { t } = useLingui();
  const { base } = usePlace();
  const id = useId();
  const problem = useProblem();
  const [kind, setKind] = useState<"" | "request" | "webhook">("");
  const [failed, setFailed] = useState(false);
  const [about, setAbout] = useState("");
  // Kept as it was opened: newer entries push it off the list, a filter may hide it.
  const [opened, setOpened] = useState<JournalEntry>();
  const [before, setBefore] = useState(0);
  const filter = (change: () => void) => {
    setBefore(0);
    change();
  };
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(kind && { kind }),
    ...(about.trim() && { find: about.trim() }),
  });
  if (failed) query.set("failed", "true");
  if (before) query.set("before", String(before));
  const { value, error, reload } = useAsk<readonly JournalEntry[]>(
    `${base}/journal?${query}`,
    before ? 0 : 3000,
  );
  const isFiltered = kind !== "" || failed || about.trim() !== "";
  const kinds = [
    { kind: "", label: t`All` },
    { kind: "request", label: t`Your requests` },
    { kind: "webhook", label: t`Our webhooks` },
  ] as const;
  return (
    <Screen title={t`Journal`} hint={t`What you sent us, what we sent you, and what was answered.`}>
      <DeadLetters />
      <div className="mb-4 flex flex-wrap items-end gap-2">
        <span className="biz-tabs" role="radiogroup" aria-label={t`Kind`}>
          {kinds.map((one) => (
            // biome-ignore lint/a11y/useSemanticElements: a chip that is one of several
            <button
              key={one.kind}
              type="button"
              role="radio"
              className="chip"
              aria-checked={kind === one.kind}
              onClick={() => filter(() => setKind(one.kind))}
            >
              {one.label}
            </button>
          ))}
        </span>
        <button
          type="button"
          className="chip"
          aria-pressed={failed}
          onClick={() => filter(() => setFailed(!failed))}
        >
          {t`Only failed`}
        </button>
        <div className="field min-w-0 flex-1 basis-56">
          <label htmlFor={`${id}-about`} className="sr">{t`Address, field or message ID`}</label>
          <input
            id={`${id}-about`}
            className="input"
            type="search"
            maxLength={256}
            placeholder={t`Address, field or message ID`}
            value={about}
            onChange={({ currentTarget }) => filter(() => setAbout(currentTarget.value))}
          />
        </div>
      </div>
      {error && (
        <p className="banner danger mb-4" role="alert">
          {problem(error)}
        </p>
      )}
      <div className="biz-journal">
        <ul className="card min-w-0 overflow-hidden" aria-label={t`Entries`}>
          {!value && !error && (
            <li className="p-3">
              <RowsSkeleton />
            </li>
          )}
          {value?.length === 0 && (
            <li className="p-5 text-ink-2">
              {isFiltered ? t`No entry fits these filters.` : t`Nothing here yet.`}
            </li>
          )}
          {value?.map((one) => (
            <li key={one.id}>
              <Row entry={one} open={one.id === opened?.id} onOpen={() => setOpened(one)} />
            </li>
          ))}
          {(before > 0 || value?.length === PAGE) && (
            <li className="flex flex-wrap gap-2 p-3">
              {before > 0 && (
                <button type="button" className="btn secondary small" onClick={() => setBefore(0)}>
                  {t`Newest`}
                </button>
              )}
              {value?.length === PAGE && (
                <button
                  type="button"
                  className="btn secondary small"
                  onClick={() => setBefore(value.at(-1)?.id ?? 0)}
                >
                  {t`Older`}
                </button>
              )}
            </li>
          )}
        </ul>
        {opened && <Opened entry={opened} onReplayed={reload} />}
      </div>
    </Screen>
  );
}

function Row({ entry, open, onOpen }: { entry: JournalEntry; open: boolean; onOpen: () => void }) {
  const { t } = useLingui();
  const format = useFormat();
  const webhook = entry.kind === "webhook";
  const bad = entry.status >= 400 || entry.status === 0;
  const Icon = webhook ? ArrowUpRight : ArrowDownLeft;
  const about = gist(entry);
  return (
    <button type="button" className="setting !min-h-11 !gap-3" aria-current={open} onClick={onOpen}>
      <Icon size={18} className={webhook ? "flex-none text-plum" : "flex-none text-brand"} aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="cut block font-semibold">
          {webhook ? t`Webhook: ${entry.field}` : `${entry.method} ${entry.url}`}
        </span>
        <span className="num cut block text-xs text-ink-2">
          {about && <span className="font-semibold">{about} · </span>}
          {t`${format.date(Date.parse(entry.at))}, ${format.exact(Date.parse(entry.at))}`}
        </span>
      </span>
      <span className={`tag num ${bad ? "!bg-danger-soft !text-danger" : "ok"}`}>
        {entry.status || t`no answer`}
      </span>
    </button>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Opened({ entry, onReplayed }: { entry: JournalEntry; onReplayed: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview } = usePlace();
  const act = useAct();
  const problem = useProblem();
  const copy = useCopy();
  const webhook = entry.kind === "webhook";
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow window it opens above the list
  useEffect(() => {
    place.current?.scrollIntoView({ block: "nearest" });
  }, [entry.id]);
  const replay = async () => {
    const done = await act.run(async () => {
      await business.call("POST", `${base}/journal/${entry.id}/replay`);
      return true;
    });
    if (done) toast({ text: t`Sent again` });
    onReplayed();
  };
  return (
    <div ref={place} className="biz-sticky biz-opened">
      <Card
        title={webhook ? t`Webhook: ${entry.field}` : `${entry.method} ${entry.url}`}
        className="[overflow-wrap:anywhere]"
        aside={
          <>
            <button
              type="button"
              className="btn secondary small"
              onClick={() => copy(entryCurl(overview.api_base, entry))}
            >
              <Terminal size={16} aria-hidden /> {t`Copy as curl`}
            </button>
            {webhook && (
              <button
                type="button"
                className="btn secondary small"
                disabled={act.busy}
                onClick={() => void replay()}
              >
                <RotateCw size={16} aria-hidden /> {t`Send again`}
              </button>
            )}
          </>
        }
      >
        <p className="num text-sm text-ink-2">
          {webhook && <span className="block">{entry.url}</span>}
          {t`${entry.status} after ${entry.milliseconds} ms`}
          {webhook && ` · ${t`try ${entry.attempt}`}`}
        </p>
        {entry.error && <p className="text-sm text-danger">{entry.error}</p>}
        {act.error && (
          <p className="hint error" role="alert">
            {problem(act.error)}
          </p>
        )}
        <h3 className="text-sm font-semibold">{webhook ? t`We sent` : t`You sent`}</h3>
        <Code label={webhook ? t`We sent` : t`You sent`} text={pretty(entry.request) || "–"} />
        <h3 className="text-sm font-semibold">{webhook ? t`You answered` : t`We answered`}</h3>
        <Code label={webhook ? t`You answered` : t`We answered`} text={pretty(entry.response) || "–"} />
      </Card>
    </div>
  );
}

function DeadLetters() {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, reload } = usePlace();
  const format = useFormat();
  const { value, reload: again } = useAsk<readonly DeadLetter[]>(`${base}/dead-letters`, 10_000);
  const act = useAct();
  const problem = useProblem();
  if (!value?.length) return null;
  const revive = async () => {
    await act.run(() => business.call("POST", `${base}/dead-letters/replay`));
    again();
    reload();
  };
  return (
    <Card
      title={t`Webhooks that were given up`}
      className="mb-5"
      aside={
        <button
          type="button"
          className="btn secondary small"
          disabled={act.busy}
          onClick={() => void revive()}
        >
          <RotateCw size={16} aria-hidden /> {t`Send all again, in order`}
        </button>
      }
    >
      <p className="text-sm text-ink-2">
        <Trans>Your program did not take these for so long that we stopped trying. Nothing is lost.</Trans>
      </p>
      {act.error && (
        <p className="hint error" role="alert">
          {problem(act.error)}
        </p>
      )}
      <ul className="flex flex-col text-sm">
        {value.map((one) => (
          <li key={one.id} className="border-t border-line py-2">
            <b>{one.field}</b> · {format.date(Date.parse(one.created_at))} ·{" "}
            <Plural value={one.attempts} one="# try" other="# tries" />
            <span className="block text-danger">{one.error}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
