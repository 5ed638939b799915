import { useLingui } from "@lingui/react/macro";
import { UserMinus, UserPlus } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { MemberRow } from "./model.ts";
import { Card, initials, Screen } from "./parts.tsx";
import { ROLES, useRoleHints, useRoles } from "./words.ts";

/** Who works here, and what each may do. */
export function Team() {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview, reload: again } = usePlace();
  const { value, error, reload } = useAsk<readonly MemberRow[]>(`${base}/members`);
  const act = useAct();
  const problem = useProblem();
  const roles = useRoles();
  const hints = useRoleHints();
  const format = useFormat();
  const [removing, setRemoving] = useState<MemberRow>();
  const may = overview.may.includes("team");
  const path = (account: string) => `${base}/members/${encodeURIComponent(account)}`;
  const done = () => {
    reload();
    again();
  };
  const give = async (account: string, role: string) => {
    const given = await act.run(async () => {
      await business.call("PUT", path(account), { role });
      return true;
    });
    if (given) toast({ text: t`Saved` });
    done();
    return given === true;
  };
  const remove = async (row: MemberRow) => {
    await act.run(() => business.call("DELETE", path(row.account)));
    done();
  };
  const failure = act.error ?? error;
  const nameOf = (row: MemberRow) => row.name || shown(row.account);
  return (
    <Screen
      title={t`Team`}
      hint={t`Who may do what for this business. Everyone uses their own Plauder account.`}
    >
      {failure && (
        <p className="banner danger mb-4" role="alert">
          {problem(failure)}
        </p>
      )}
      <div className="biz-columns">
        <div className="flex min-w-0 flex-col gap-5">
          {!value && !error && <RowsSkeleton rows={2} />}
          {value && (
            <ul className="card overflow-hidden" aria-label={t`Members`}>
              {value.map((row) => (
                <li key={row.account} className="setting flex-wrap">
                  <Avatar
                    of={{ initials: initials(nameOf(row)), color: Number(row.account.at(-1)) || 0 }}
                    size={40}
                  />
                  <span className="min-w-0 flex-1 basis-40">
                    <span className="block font-semibold [overflow-wrap:anywhere]">
                      {row.is_me ? t`${nameOf(row)} (you)` : nameOf(row)}
                    </span>
                    <span className="num block text-sm text-ink-2">
                      {t`${shown(row.account)}, since ${format.date(Date.parse(row.since))}`}
                    </span>
                  </span>
                  {may ? (
                    <select
                      className="input !w-auto"
                      aria-label={t`Role of ${nameOf(row)}`}
                      value={row.role}
                      disabled={act.busy}
                      onChange={(event) => void give(row.account, event.currentTarget.value)}
                    >
                      {ROLES.map((role) => (
                        <option
                          key={role}
                          value={role}
                          disabled={role === "owner" && overview.role !== "owner"}
                        >
                          {roles(role)}
                        </option>
                      ))}
                    </select>
                  ) : (
                    <span className="tag">{roles(row.role)}</span>
                  )}
                  {(may || row.is_me) && (
                    <IconButton
                      label={row.is_me ? t`Leave the team` : t`Remove ${nameOf(row)}`}
                      onClick={() => setRemoving(row)}
                    >
                      <UserMinus size={18} />
                    </IconButton>
                  )}
                </li>
              ))}
            </ul>
          )}
          {may && <Invite onGive={give} />}
        </div>
        <Card title={t`What the roles may do`}>
          <dl className="flex flex-col gap-2.5 text-sm">
            {ROLES.map((role) => (
              <div key={role}>
                <dt className="font-semibold">{roles(role)}</dt>
                <dd className="text-ink-2">{hints(role)}</dd>
              </div>
            ))}
          </dl>
        </Card>
      </div>
      {removing && (
        <Confirm
          title={removing.is_me ? t`Leave this team?` : t`Remove ${nameOf(removing)} from the team?`}
          action={removing.is_me ? t`Leave` : t`Remove`}
          danger
          onClose={() => setRemoving(undefined)}
          onConfirm={() => void remove(removing)}
        >
          {t`These screens close at once for that account. Keys that were made keep working.`}
        </Confirm>
      )}
    </Screen>
  );
}

/** A number's digits with a plus; a chosen name as it is. */
const shown = (account: string) => (/^\d+$/u.test(account) ? `+${account}` : account);

function Invite({ onGive }: { onGive: (account: string, role: string) => Promise<boolean> }) {
  const { t } = useLingui();
  const roles = useRoles();
  const { overview } = usePlace();
  const id = useId();
  const [number, setNumber] = useState("");
  const [role, setRole] = useState("developer");
  const account = /^[+\d\s().-]+$/u.test(number) ? number.replace(/\D/gu, "") : number.trim().toLowerCase();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await onGive(account, role)) setNumber("");
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
            maxLength={64}
            placeholder="+49 151 23456789"
            value={number}
            onChange={(event) => setNumber(event.currentTarget.value)}
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
        <button type="submit" className="btn primary" disabled={!account}>
          <UserPlus size={18} aria-hidden /> {t`Add to the team`}
        </button>
      </form>
      <p className="hint">{t`The person needs a Plauder account on this server; the business then appears in it.`}</p>
    </Card>
  );
}
