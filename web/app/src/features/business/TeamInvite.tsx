import { useLingui } from "@lingui/react/macro";
import { ClientError } from "@plauder/client/api";
import { Link2, UserPlus, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useRoles } from "../../lib/roles.ts";
import { CopyText } from "../../ui/CopyText.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { InvitationRow } from "./model.ts";
import { Card, shown } from "./parts.tsx";
import { ROLES } from "./words.ts";

/** Who has an account joins at once; who has none is invited, by number or by a link. */
export function Invite({ onDone }: { onDone: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview } = usePlace();
  const roles = useRoles();
  const problem = useProblem();
  const act = useAct();
  const waiting = useAsk<readonly InvitationRow[]>(`${base}/invitations`);
  const id = useId();
  const [number, setNumber] = useState("");
  const [role, setRole] = useState("developer");
  const [url, setUrl] = useState("");
  const isNumber = /^[+\d\s().-]+$/u.test(number);
  const account = isNumber ? number.replace(/\D/gu, "") : number.trim().toLowerCase();

  const invite = (given: string) =>
    business.call<{ url: string }>("POST", `${base}/invitations`, { role, ...(given && { number: given }) });
  const join = async () => {
    try {
      await business.call("PUT", `${base}/members/${encodeURIComponent(account)}`, { role });
      return t`Added to the team`;
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== "not-found" || !isNumber) throw error;
      await invite(`+${account}`);
      return t`Invited. They join when they register that number.`;
    }
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const said = await act.run(join);
    if (!said) return;
    toast({ text: said });
    setNumber("");
    waiting.reload();
    onDone();
  };
  const makeLink = async () => {
    const made = await act.run(() => invite(""));
    if (!made) return;
    setUrl(made.url);
    waiting.reload();
  };
  return (
    <Card title={t`Add somebody`}>
      <form className="flex flex-wrap items-end gap-3" onSubmit={submit}>
        <div className="field min-w-0 flex-1 basis-52">
          <label htmlFor={`${id}-number`}>{t`Phone number, with country code`}</label>
          <input
            id={`${id}-number`}
            className="input"
            inputMode="tel"
            autoComplete="off"
            required
            maxLength={40}
            placeholder="+49 151 23456789"
            value={number}
            aria-invalid={act.error !== undefined}
            aria-describedby={act.error ? `${id}-error` : undefined}
            onChange={(event) => {
              act.clear();
              setNumber(event.currentTarget.value);
            }}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-role`}>{t`Role`}</label>
          <select
            id={`${id}-role`}
            className="input"
            value={role}
            onChange={(event) => setRole(event.currentTarget.value)}
          >
            {ROLES.filter((one) => one !== "owner" || overview.role === "owner").map((one) => (
              <option key={one} value={one}>
                {roles(one)}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" className="btn primary" disabled={!account || act.busy}>
          <UserPlus size={18} aria-hidden /> {t`Add to the team`}
        </button>
        <button type="button" className="btn secondary" disabled={act.busy} onClick={() => void makeLink()}>
          <Link2 size={18} aria-hidden /> {t`Make an invitation link`}
        </button>
      </form>
      {act.error && (
        <p id={`${id}-error`} className="hint error" role="alert">
          {act.error.code === "not-found"
            ? t`Nobody here has that name. Invite them by number or by a link.`
            : problem(act.error)}
        </p>
      )}
      {url && (
        <>
          <p className="hint">{t`Whoever opens this link first joins the team, with or without an account here. It is shown only now.`}</p>
          <CopyText text={url} />
        </>
      )}
      <p className="hint">{t`Who has an account here joins at once; who has none is invited.`}</p>
      <Waiting rows={waiting.value ?? []} onChange={waiting.reload} />
    </Card>
  );
}

function Waiting({ rows, onChange }: { rows: readonly InvitationRow[]; onChange: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const roles = useRoles();
  const format = useFormat();
  const problem = useProblem();
  const act = useAct();
  if (!rows.length) return null;
  const withdraw = async (row: InvitationRow) => {
    await act.run(() => business.call("DELETE", `${base}/invitations/${row.id}`));
    onChange();
  };
  return (
    <section aria-label={t`Invited, not here yet`}>
      <h3 className="label mb-1">{t`Invited, not here yet`}</h3>
      {act.error && (
        <p className="hint error" role="alert">
          {problem(act.error)}
        </p>
      )}
      <ul className="flex flex-col">
        {rows.map((row) => {
          const who = row.number ? shown(row.number) : t`By link`;
          return (
            <li key={row.id} className="flex items-center gap-3 border-t border-line py-1.5 text-sm">
              <span className="min-w-0 flex-1">
                <span className="num font-semibold">{who}</span>, {roles(row.role)},{" "}
                {t`until ${format.date(Date.parse(row.expires))}`}
              </span>
              <IconButton small label={t`Withdraw the invitation: ${who}`} onClick={() => void withdraw(row)}>
                <X size={16} />
              </IconButton>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
