import { useLingui } from "@lingui/react/macro";
import { useClient } from "../../lib/client.ts";
import { SwitchRow } from "../../ui/Switch.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { Json, SandboxView } from "./model.ts";
import { Phone } from "./Phone.tsx";
import { Card, CopyRow, Screen } from "./parts.tsx";
import { useFaults } from "./words.ts";

/** The simulated customer, and everything that can be made to go wrong. */
export function Sandbox() {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview } = usePlace();
  const asked = useAsk<SandboxView>(`${base}/sandbox`, 1500);
  const view = asked.value;
  const act = useAct();
  const problem = useProblem();
  const fault = useFaults();
  const may = overview.may.includes("messages");
  const change = async (body: Json) => {
    await act.run(() => business.call("PUT", `${base}/sandbox`, { faults: view?.faults ?? [], ...body }));
    asked.reload();
  };
  const flip = (name: string, on: boolean) =>
    void change({ faults: (view?.faults ?? []).filter((one) => one !== name).concat(on ? [name] : []) });
  const unread = view?.chat.findLast((line) => line.direction === "out" && line.status === "delivered");
  const open = async (message: string) => {
    await act.run(() => business.call("POST", `${base}/sandbox/read/${encodeURIComponent(message)}`));
    asked.reload();
  };
  return (
    <Screen title={t`Sandbox`} hint={t`A customer you play yourself. Nothing fails unless you switch it on.`}>
      <div className="biz-columns">
        <div className="flex min-w-0 flex-col gap-5">
          {(act.error || asked.error) && (
            <p className="banner danger" role="alert">
              {problem((act.error ?? asked.error) as NonNullable<typeof act.error>)}
            </p>
          )}
          {view && (
            <>
              <Card title={t`Numbers`}>
                <dl className="flex flex-col gap-1">
                  <CopyRow label={t`Your test number`} value={view.number} />
                  <CopyRow label={t`Test customer`} value={view.customer} />
                </dl>
              </Card>
              <section aria-label={t`The customer`}>
                <h2 className="mb-2 px-1 text-lg font-[650]">{t`The customer`}</h2>
                <div className="card overflow-hidden">
                  <SwitchRow
                    label={t`The phone is on`}
                    hint={t`Messages become delivered.`}
                    on={view.sends_receipts}
                    disabled={!may}
                    onChange={(on) => void change({ sends_receipts: on })}
                  />
                  <SwitchRow
                    label={t`Reads at once`}
                    hint={t`Messages become read as soon as they are delivered.`}
                    on={view.reads}
                    disabled={!may || !view.sends_receipts}
                    onChange={(on) => void change({ reads: on })}
                  />
                </div>
                {may && unread && (
                  <button
                    type="button"
                    className="btn secondary mt-3"
                    onClick={() => void open(unread.stanza_id)}
                  >
                    {t`Open the chat as the customer`}
                  </button>
                )}
              </section>
              <section aria-label={t`Failures`}>
                <h2 className="mb-2 px-1 text-lg font-[650]">{t`Failures`}</h2>
                <div className="card overflow-hidden">
                  {Object.entries(view.known_faults).map(([name, sentence]) => {
                    const { label, hint = sentence } = fault(name);
                    return (
                      <SwitchRow
                        key={name}
                        label={label}
                        hint={hint}
                        on={view.faults.includes(name)}
                        disabled={!may}
                        onChange={(on) => flip(name, on)}
                      />
                    );
                  })}
                </div>
              </section>
            </>
          )}
        </div>
        <div className="biz-sticky">
          <Phone asked={asked} />
        </div>
      </div>
    </Screen>
  );
}
