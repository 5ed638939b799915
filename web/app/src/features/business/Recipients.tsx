import { useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { IconButton } from "../../ui/IconButton.tsx";
import { useAct, usePlace, useProblem } from "./ask.ts";
import type { NumberRow } from "./model.ts";
import { Card, NumberField, shown } from "./parts.tsx";

/** Whom a test number may write to besides the simulated customer. */
export function Recipients({ row }: { row: NumberRow }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview, reload } = usePlace();
  const act = useAct();
  const problem = useProblem();
  const [number, setNumber] = useState("");
  const may = overview.may.includes("messages");
  const people = row.recipients.filter((one) => one !== overview.sandbox?.customer);
  const save = async (recipients: readonly string[]) => {
    const done = await act.run(async () => {
      await business.call("PUT", `${base}/numbers/${row.id}/recipients`, { recipients });
      return true;
    });
    if (done) reload();
    return done === true;
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await save([...people, number.trim()])) setNumber("");
  };
  return (
    <Card title={t`Whom it writes to`}>
      <p className="text-sm text-ink-2">
        {t`A test number costs nothing and writes to the test customer, and to people you name here.`}
      </p>
      {people.length > 0 && (
        <ul className="flex flex-col" aria-label={t`Whom it writes to`}>
          {people.map((one) => (
            <li key={one} className="flex items-center gap-2 border-t border-line">
              <span className="num min-w-0 flex-1">{shown(one)}</span>
              {may && (
                <IconButton
                  label={t`Remove ${shown(one)}`}
                  onClick={() => void save(people.filter((other) => other !== one))}
                >
                  <X size={18} />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
      {may && (
        <form className="flex flex-col gap-2" onSubmit={add}>
          <NumberField
            value={number}
            wrong={act.error && problem(act.error)}
            onChange={(value) => {
              act.clear();
              setNumber(value);
            }}
          />
          <button
            type="submit"
            className="btn secondary small self-start"
            disabled={act.busy || !number.trim()}
          >
            {t`Add`}
          </button>
        </form>
      )}
    </Card>
  );
}
