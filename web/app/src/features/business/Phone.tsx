import { Trans, useLingui } from "@lingui/react/macro";
import { Image, MapPin, Paperclip, SendHorizontal, Store } from "lucide-react";
import { type ChangeEvent, type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useNow } from "../../lib/now.ts";
import { Menu } from "../../ui/Menu.tsx";
import { type Asked, useAct, usePlace, useProblem } from "./ask.ts";
import type { Json, SandboxView, Uploaded } from "./model.ts";
import { type Customer, PhoneLine } from "./PhoneLine.tsx";

/** The customer's phone: what arrived, and everything a person could answer. */
export function Phone({ asked }: { asked: Asked<SandboxView> }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { overview, base } = usePlace();
  const view = asked.value;
  const act = useAct();
  const problem = useProblem();
  const end = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState("");
  const count = view?.chat.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new message brings the end into sight
  useEffect(() => {
    const log = end.current?.parentElement;
    if (log) log.scrollTop = log.scrollHeight;
  }, [count]);

  const say = async (body: Json) => {
    const said = await act.run(async () => {
      await business.call("POST", `${base}/sandbox/messages`, body);
      return true;
    });
    asked.reload();
    return said === true;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const written = draft.trim();
    if (!written) return;
    setDraft("");
    if (!(await say({ text: written }))) setDraft(written);
  };
  const file = useRef<HTMLInputElement>(null);
  const share = async (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.currentTarget.files?.[0];
    event.currentTarget.value = "";
    if (!chosen) return;
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    const query = new URLSearchParams({ name: chosen.name, type: chosen.type });
    const made = await act.run(() => business.upload<Uploaded>("POST", `${base}/files?${query}`, bytes));
    if (made) await say({ file: { id: made.id, caption: draft.trim() } });
    if (made) setDraft("");
  };
  const mayPlay = overview.may.includes("messages");
  const name = view?.customer_name;
  const number = view?.customer;
  const customer = useMemo(
    (): Customer => ({
      me: { name: name ?? "", number: `+${number ?? ""}` },
      place: PLACE,
      form: (offer, { action, ...more }) =>
        business.call("POST", `${base}/sandbox/forms`, {
          ...more,
          action,
          ...(offer.id ? { flow_id: offer.id } : { flow_name: offer.name }),
          flow_token: offer.token,
        }),
    }),
    [name, number, business, base],
  );
  return (
    <section className="phone" aria-label={t`Sandbox phone`}>
      <header className="phone-head">
        <span className="biz-mark" aria-hidden="true">
          {overview.name.slice(0, 1).toLocaleUpperCase()}
        </span>
        <span className="min-w-0 flex-1">
          <span className="cut flex items-center gap-1.5 font-[650]">
            {overview.name}
            <Store size={14} className="flex-none text-plum" aria-hidden />
          </span>
          <span className="cut block text-xs text-ink-2">{t`A simulated customer’s phone`}</span>
        </span>
        {view && <Window until={view.window_until} />}
      </header>
      <div
        className="phone-log"
        role="log"
        aria-label={t`Messages on the sandbox phone`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        <p className="phone-note">
          <Trans>Hosted inbox. Encryption ends at the operator.</Trans>
        </p>
        {view?.chat.length === 0 && (
          <p className="m-auto max-w-56 text-center text-sm text-ink-2">
            {t`Nothing yet. What you send to the test customer appears here.`}
          </p>
        )}
        {view?.chat.map((line) => (
          <PhoneLine
            key={line.id}
            line={line}
            chat={view.chat}
            customer={customer}
            onSay={mayPlay ? (words) => void say(words) : undefined}
          />
        ))}
        <div ref={end} />
      </div>
      {act.error && (
        <p className="hint error px-3 pt-2" role="alert">
          {problem(act.error)}
        </p>
      )}
      {mayPlay && (
        <form className="phone-write" onSubmit={submit}>
          <Menu
            align="start"
            entries={[
              { label: t`Picture, film or file`, icon: Image, onSelect: () => file.current?.click() },
              { label: t`Place`, icon: MapPin, onSelect: () => void say({ location: PLACE }) },
            ]}
          >
            <button type="button" className="icon-btn" aria-label={t`Attach`}>
              <Paperclip size={20} aria-hidden />
            </button>
          </Menu>
          <input
            ref={file}
            type="file"
            hidden
            aria-label={t`Picture, film or file`}
            accept="image/jpeg,image/png,video/mp4,audio/ogg,audio/mpeg,application/pdf,text/plain"
            onChange={(event) => void share(event)}
          />
          <input
            className="input flex-1"
            aria-label={t`Write as the customer`}
            placeholder={t`Write as the customer`}
            maxLength={4096}
            value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)}
          />
          <button
            type="submit"
            className="icon-btn on"
            aria-label={t`Send as the customer`}
            disabled={!draft.trim()}
          >
            <SendHorizontal size={20} className="rtl:rotate-180" aria-hidden />
          </button>
        </form>
      )}
    </section>
  );
}

const PLACE = { latitude: 53.5503, longitude: 9.9927, name: "Jungfernstieg", address: "Hamburg" };

/** How long free answers are possible: 24 hours from the customer's last message. */
function Window({ until }: { until: string | null }) {
  const { t } = useLingui();
  const now = useNow();
  if (until === null) return <span className="tag">{t`Window closed`}</span>;
  const minutes = Math.max(0, Math.round((Date.parse(until) - now) / 60_000));
  const left = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  return (
    <span
      className={minutes < 120 ? "tag warn num" : "tag ok num"}
      title={t`Free answers are possible until then.`}
    >
      {t`Window ${left} h`}
    </span>
  );
}
