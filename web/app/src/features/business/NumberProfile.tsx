import { useLingui } from "@lingui/react/macro";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useWeekdays } from "../../lib/week.ts";
import { AvatarField } from "../../ui/AvatarField.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, useAsk, useFieldProblem, usePlace, useProblem } from "./ask.ts";
import { DAYS, type Day, type Hours, type NumberRow, type ProfileView } from "./model.ts";
import { Card, CopyRow, Field, initials, Screen } from "./parts.tsx";
import { Recipients } from "./Recipients.tsx";
import { useVerticals, VERTICALS } from "./words.ts";

/** What customers see of a number. */
export function NumberProfile() {
  const { t } = useLingui();
  const { number } = useParams({ from: "/business/$business/numbers/$number" });
  const { base, overview } = usePlace();
  const row = overview.numbers.find((one) => one.id === number);
  const { value, error, reload } = useAsk<ProfileView>(row && `${base}/numbers/${number}/profile`);
  const problem = useProblem();
  if (!row)
    return (
      <Empty
        alone
        title={t`There is no such number.`}
        action={
          <Link to="/business/$business/numbers" params={{ business: overview.id }} className="btn secondary">
            {t`Numbers`}
          </Link>
        }
      />
    );
  return (
    <Screen
      title={row.verified_name}
      hint={row.display}
      actions={
        <Link to="/business/$business/numbers" params={{ business: overview.id }} className="btn ghost">
          <ChevronLeft size={18} className="rtl:rotate-180" aria-hidden /> {t`Numbers`}
        </Link>
      }
    >
      {error && (
        <p className="banner danger mb-4" role="alert">
          {problem(error)}
        </p>
      )}
      {!value && !error && <RowsSkeleton rows={5} />}
      {value && <Editor key={row.id} row={row} profile={value} onSaved={reload} />}
      {row.is_test && (
        <div className="mt-5 grid max-w-[560px]">
          <Recipients row={row} />
        </div>
      )}
    </Screen>
  );
}

/** Fields that say themselves what is wrong with them. */
const SHOWN: ReadonlySet<string> = new Set(["name", "about", "address", "email", "description", "websites"]);

const OFFICE: readonly (readonly [string, string])[] = [["09:00", "18:00"]];

function Editor({ row, profile, onSaved }: { row: NumberRow; profile: ProfileView; onSaved: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview, reload } = usePlace();
  const act = useAct();
  const picture = useAct();
  const problem = useProblem();
  const vertical = useVerticals();
  const id = useId();
  const [draft, setDraft] = useState<ProfileView>(profile);
  const fieldProblem = useFieldProblem();
  const wrong = (field: string) => fieldProblem(act.error, field);
  const set = (change: Partial<ProfileView>) => {
    act.clear();
    setDraft((old) => ({ ...old, ...change }));
  };
  const may = overview.may.includes("numbers");
  const path = `${base}/numbers/${row.id}`;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const { profile_picture_url: _, ...rest } = draft;
    const websites = (draft.websites ?? []).map((site) => site.trim()).filter(Boolean);
    const { about, ...others } = { address: "", description: "", email: "", ...rest, websites };
    const body = { ...others, ...(about && { about }), hours: draft.hours ?? null };
    const done = await act.run(async () => {
      await business.call("PUT", `${path}/profile`, body);
      return true;
    });
    if (!done) return;
    toast({ text: t`Saved` });
    reload();
    onSaved();
  };
  const show = async (blob: Blob) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    await picture.run(() => business.upload("PUT", `${path}/picture`, bytes));
    onSaved();
  };
  const fields = [
    { name: "name", label: t`Name that customers see`, most: 128, needed: true },
    { name: "about", label: t`About, in one line`, most: 139 },
    { name: "address", label: t`Address`, most: 256 },
    { name: "email", label: t`E-mail`, most: 128 },
  ] as const;
  return (
    <form className="biz-columns" onSubmit={save}>
      <div className="flex min-w-0 flex-col gap-5">
        <Card title={t`Profile`}>
          <div className="grid gap-5 sm:grid-cols-[auto_minmax(0,1fr)]">
            <AvatarField
              square
              size={112}
              of={{
                initials: initials(draft.name),
                color: 3,
                ...(profile.profile_picture_url && { url: profile.profile_picture_url }),
              }}
              onPick={(blob) => void show(blob)}
            />
            <div className="flex min-w-0 flex-col gap-3">
              {fields.map(({ name, label, most, ...more }) => (
                <Field key={name} label={label} wrong={wrong(name)}>
                  {(control) => (
                    <input
                      {...control}
                      className="input"
                      type={name === "email" ? "email" : "text"}
                      maxLength={most}
                      required={"needed" in more}
                      disabled={!may}
                      value={draft[name] ?? ""}
                      onChange={(event) => set({ [name]: event.currentTarget.value })}
                    />
                  )}
                </Field>
              ))}
            </div>
          </div>
          {picture.error && (
            <p className="hint error" role="alert">
              {problem(picture.error)}
            </p>
          )}
          <Field label={t`Description`} wrong={wrong("description")}>
            {(control) => (
              <textarea
                {...control}
                className="input"
                rows={3}
                maxLength={512}
                disabled={!may}
                value={draft.description ?? ""}
                onChange={(event) => set({ description: event.currentTarget.value })}
              />
            )}
          </Field>
          <div className="grid gap-3 sm:grid-cols-2">
            <div className="field">
              <label htmlFor={`${id}-vertical`}>{t`Kind of business`}</label>
              <select
                id={`${id}-vertical`}
                className="input"
                disabled={!may}
                value={draft.vertical}
                onChange={(event) => set({ vertical: event.currentTarget.value })}
              >
                {VERTICALS.map((one) => (
                  <option key={one} value={one}>
                    {vertical(one)}
                  </option>
                ))}
              </select>
            </div>
            {[0, 1].map((place) => (
              <Field
                key={place}
                label={place === 0 ? t`Website` : t`Another website`}
                wrong={place === 0 ? wrong("websites") : undefined}
              >
                {(control) => (
                  <input
                    {...control}
                    className="input"
                    type="url"
                    maxLength={256}
                    placeholder="https://"
                    disabled={!may}
                    value={draft.websites?.[place] ?? ""}
                    onChange={(event) => {
                      const sites = [draft.websites?.[0] ?? "", draft.websites?.[1] ?? ""];
                      sites[place] = event.currentTarget.value;
                      set({ websites: sites });
                    }}
                  />
                )}
              </Field>
            ))}
          </div>
        </Card>
        <OpeningHours
          hours={draft.hours}
          disabled={!may}
          onChange={(hours) => setDraft(({ hours: _, ...rest }) => (hours ? { ...rest, hours } : rest))}
        />
        {act.error && !SHOWN.has(act.error.details.field ?? "") && (
          <p className="banner danger" role="alert">
            {problem(act.error)}
          </p>
        )}
        {may && (
          <button type="submit" className="btn primary self-start" disabled={act.busy || !draft.name.trim()}>
            {t`Save`}
          </button>
        )}
      </div>
      <div className="flex min-w-0 flex-col gap-5">
        <Card title={t`For your program`}>
          <dl>
            <CopyRow label={t`Phone number ID`} value={row.id} />
          </dl>
        </Card>
        {may && !row.is_test && <GiveUp row={row} />}
      </div>
    </form>
  );
}

function OpeningHours({
  hours,
  disabled,
  onChange,
}: {
  hours: Hours | undefined;
  disabled: boolean;
  onChange: (hours: Hours | undefined) => void;
}) {
  const { t } = useLingui();
  const weekday = useWeekdays();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const change = (day: Day, spans: readonly (readonly [string, string])[] | undefined) => {
    const { [day]: _, ...others } = hours?.days ?? {};
    const days = spans ? { ...others, [day]: spans } : others;
    onChange(Object.keys(days).length ? { timezone: hours?.timezone ?? timeZone, days } : undefined);
  };
  return (
    <Card
      title={t`Opening hours`}
      aside={hours && <span className="text-sm text-ink-2">{hours.timezone}</span>}
    >
      {DAYS.map((day) => {
        const span = hours?.days[day]?.[0];
        const name = weekday(day);
        return (
          <div key={day} className="flex min-h-11 flex-wrap items-center gap-2">
            <label className="flex flex-1 basis-full items-center gap-2 sm:basis-32">
              <input
                type="checkbox"
                className="size-5 accent-brand"
                checked={span !== undefined}
                disabled={disabled}
                onChange={(event) => change(day, event.currentTarget.checked ? OFFICE : undefined)}
              />
              {name}
            </label>
            {span ? (
              [0, 1].map((end) => (
                <input
                  key={end}
                  type="time"
                  className="input num !w-auto"
                  aria-label={end === 0 ? t`${name}, from` : t`${name}, until`}
                  required
                  disabled={disabled}
                  value={span[end]}
                  onChange={(event) => {
                    const value = event.currentTarget.value;
                    change(day, [end === 0 ? [value, span[1]] : [span[0], value]]);
                  }}
                />
              ))
            ) : (
              <span className="text-sm text-ink-2">{t`Closed`}</span>
            )}
          </div>
        );
      })}
    </Card>
  );
}

function GiveUp({ row }: { row: NumberRow }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview, reload } = usePlace();
  const navigate = useNavigate();
  const act = useAct();
  const problem = useProblem();
  const [asking, setAsking] = useState(false);
  const go = async () => {
    const done = await act.run(async () => {
      await business.call("DELETE", `${base}/numbers/${row.id}`);
      return true;
    });
    if (!done) return;
    reload();
    void navigate({ to: "/business/$business/numbers", params: { business: overview.id } });
  };
  return (
    <Card title={t`Disconnect`}>
      <p className="text-sm text-ink-2">{t`The number stops writing and receiving. Its bills stay.`}</p>
      {act.error && (
        <p className="hint error" role="alert">
          {problem(act.error)}
        </p>
      )}
      <button type="button" className="btn danger small self-start" onClick={() => setAsking(true)}>
        {t`Disconnect the number`}
      </button>
      {asking && (
        <Confirm
          title={t`Disconnect ${row.display}?`}
          action={t`Disconnect`}
          danger
          onClose={() => setAsking(false)}
          onConfirm={() => void go()}
        >
          {t`Programs that send from it are refused at once. You can connect it again with its PIN.`}
        </Confirm>
      )}
    </Card>
  );
}
