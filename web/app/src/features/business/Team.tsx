import { useLingui } from "@lingui/react/macro";
import { UserMinus } from "lucide-react";
import { useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useRoles } from "../../lib/roles.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { MemberRow } from "./model.ts";
import { Card, initials, Screen, shown } from "./parts.tsx";
import { Invite } from "./TeamInvite.tsx";
import { ROLES, useRoleHints } from "./words.ts";

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
          {may && <Invite onDone={done} />}
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
