import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Check, Copy, Eye, KeyRound, RefreshCw, SendHorizontal, Trash2 } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { KeyRow, MadeKey, NumberRow, SandboxView, TemplateRow } from "./model.ts";
import { Phone } from "./Phone.tsx";
import { Card, Code, CopyRow, Screen, shown, useCopy } from "./parts.tsx";
import { curlSample, fetchSample, HELLO, helloBody, pywaSample, VERSION } from "./samples.ts";

/** From zero to a received template: address, key, sample, and the phone it arrives on. */
export function Setup() {
  const { t } = useLingui();
  const { overview, base } = usePlace();
  const sandbox = useAsk<SandboxView>(`${base}/sandbox`, 1500);
  const [token, setToken] = useState<string>();
  const phone = useRef<HTMLDivElement>(null);
  const number = overview.numbers.find((one) => one.is_test) ?? overview.numbers[0];
  const waba = overview.wabas[0];
  const mayKeys = overview.may.includes("keys");
  return (
    <Screen
      title={t`API and keys`}
      hint={t`Programs written for the Cloud API work here: change the address, the number and the key.`}
    >
      <div className="biz-columns">
        <div className="flex min-w-0 flex-col gap-5">
          <Card title={t`1. Address and numbers`}>
            <dl className="flex flex-col gap-1">
              <CopyRow label={t`Address of the API`} value={overview.api_base} />
              {number && <CopyRow label={t`Phone number ID`} value={number.id} />}
              {overview.sandbox && <CopyRow label={t`Test customer`} value={overview.sandbox.customer} />}
              {waba && <CopyRow label={t`Account ID (WABA)`} value={waba.id} />}
              <CopyRow label={t`App ID`} value={overview.app.id} />
            </dl>
          </Card>
          {mayKeys ? (
            <>
              <Keys token={token} onToken={setToken} />
              {number && overview.sandbox && (
                <Samples
                  number={number}
                  customer={overview.sandbox.customer}
                  token={token}
                  onSent={() => {
                    sandbox.reload();
                    // Below the cards on a narrow window: the message should be seen to arrive.
                    phone.current?.scrollIntoView({ block: "nearest" });
                  }}
                />
              )}
              <WebhookCard />
              <Next />
            </>
          ) : (
            <p className="note">{t`Keys and the webhook are for people in development. Ask the owner for that role.`}</p>
          )}
        </div>
        <div className="biz-sticky" ref={phone}>
          <Phone asked={sandbox} />
        </div>
      </div>
    </Screen>
  );
}

function Keys({ token, onToken }: { token: string | undefined; onToken: (token: string) => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const format = useFormat();
  const copy = useCopy();
  const keys = useAsk<readonly KeyRow[]>(`${base}/keys`);
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const [label, setLabel] = useState("");
  const [replacing, setReplacing] = useState<KeyRow>();
  const [revoking, setRevoking] = useState<KeyRow>();
  const make = async (event: FormEvent) => {
    event.preventDefault();
    const made = await act.run(() =>
      business.call<MadeKey>("POST", `${base}/keys`, { label: label.trim() || t`First key` }),
    );
    if (!made) return;
    onToken(made.token);
    setLabel("");
    keys.reload();
  };
  /** A new one first, so that nothing stops when it cannot be made. */
  const replace = async (key: KeyRow) => {
    const made = await act.run(async () => {
      const fresh = await business.call<MadeKey>("POST", `${base}/keys`, { label: key.label });
      await business.call("DELETE", `${base}/keys/${key.id}`);
      return fresh;
    });
    if (made) onToken(made.token);
    keys.reload();
  };
  const revoke = async (key: KeyRow) => {
    await act.run(() => business.call("DELETE", `${base}/keys/${key.id}`));
    keys.reload();
  };
  return (
    <Card title={t`2. A key`}>
      <form className="flex flex-wrap items-end gap-2" onSubmit={make}>
        <div className="field min-w-0 flex-1 basis-48">
          <label htmlFor={`${id}-label`}>{t`What is it for?`}</label>
          <input
            id={`${id}-label`}
            className="input"
            maxLength={128}
            placeholder={t`First key`}
            value={label}
            onChange={(event) => setLabel(event.currentTarget.value)}
          />
        </div>
        <button type="submit" className="btn primary" disabled={act.busy}>
          <KeyRound size={18} aria-hidden /> {t`Make a key`}
        </button>
      </form>
      {act.error && (
        <p className="hint error" role="alert">
          {problem(act.error)}
        </p>
      )}
      {token && (
        <div className="rounded-md bg-ok-soft p-3 text-ok" role="status">
          <p className="text-sm font-semibold">{t`Your new key. It is shown only now; keep it safe.`}</p>
          <div className="mt-1 flex items-center gap-2">
            <code className="min-w-0 flex-1 font-mono text-sm [overflow-wrap:anywhere]">{token}</code>
            <IconButton label={t`Copy the key`} className="!text-ok" onClick={() => copy(token)}>
              <Copy size={18} />
            </IconButton>
          </div>
        </div>
      )}
      {keys.value && keys.value.length > 0 && (
        <ul className="flex flex-col" aria-label={t`Keys`}>
          {keys.value.map((key) => (
            <li key={key.id} className="flex items-center gap-3 border-t border-line py-1">
              <span className="min-w-0 flex-1">
                <span className="cut block font-semibold">{key.label || key.id}</span>
                <span className="text-sm text-ink-2">
                  {key.expires_at && Date.parse(key.expires_at) < Date.now()
                    ? t`ran out ${format.date(Date.parse(key.expires_at))}`
                    : t`made ${format.date(Date.parse(key.created_at))}`}
                </span>
              </span>
              <IconButton label={t`Replace ${key.label || key.id}`} onClick={() => setReplacing(key)}>
                <RefreshCw size={18} />
              </IconButton>
              <IconButton label={t`Revoke ${key.label || key.id}`} onClick={() => setRevoking(key)}>
                <Trash2 size={18} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      {replacing && (
        <Confirm
          title={t`Replace ${replacing.label || replacing.id}?`}
          action={t`Replace`}
          danger
          onClose={() => setReplacing(undefined)}
          onConfirm={() => void replace(replacing)}
        >
          {t`You get a new key; the old one is refused at once.`}
        </Confirm>
      )}
      {revoking && (
        <Confirm
          title={t`Revoke ${revoking.label || revoking.id}?`}
          action={t`Revoke`}
          danger
          onClose={() => setRevoking(undefined)}
          onConfirm={() => void revoke(revoking)}
        >
          {t`Programs that use this key are refused at once. This cannot be undone.`}
        </Confirm>
      )}
    </Card>
  );
}

type Language = "curl" | "pywa" | "fetch";

function Samples({
  number: { id: phone, recipients },
  customer,
  token,
  onSent,
}: {
  number: NumberRow;
  customer: string;
  token: string | undefined;
  onSent: () => void;
}) {
  const { t } = useLingui();
  const { business, profile } = useClient();
  const me = useLive(profile.me);
  const { overview, base } = usePlace();
  const copy = useCopy();
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const own = me?.number?.replace(/\D/gu, "") ?? "";
  const [to, setTo] = useState(customer);
  const [language, setLanguage] = useState<Language>("curl");
  const [answer, setAnswer] = useState<{ ok: boolean; own: boolean; text: string }>();
  const make = { curl: curlSample, pywa: pywaSample, fetch: fetchSample }[language];
  const sample = make({ base: overview.api_base, phone, to, token: token ?? t`YOUR_KEY` });

  /** The samples' template must be there before they run. */
  const prepare = async () => {
    const known = await business.call<readonly TemplateRow[]>("GET", `${base}/templates`);
    if (!known.some((one) => one.name === HELLO.name))
      await business.call("POST", `${base}/templates`, { ...HELLO });
  };
  const send = async () => {
    const sent = await act.run(async () => {
      await prepare();
      // The very request of the samples, from this page.
      const response = await fetch(`/${VERSION}/${phone}/messages`, {
        method: "POST",
        credentials: "omit",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(helloBody(to)),
      });
      return { ok: response.ok, own: to === own, text: JSON.stringify(await response.json(), null, 2) };
    });
    setAnswer(sent);
    if (to === customer) onSent();
  };
  const copySample = () => {
    void act.run(prepare);
    copy(sample);
  };
  return (
    <Card
      title={t`3. The first message`}
      aside={
        <span className="biz-tabs" role="radiogroup" aria-label={t`Language of the sample`}>
          {(["curl", "pywa", "fetch"] as const).map((one) => (
            // biome-ignore lint/a11y/useSemanticElements: a chip that is one of several
            <button
              key={one}
              type="button"
              role="radio"
              className="chip"
              aria-checked={language === one}
              onClick={() => setLanguage(one)}
            >
              {{ curl: "curl", pywa: "Python (pywa)", fetch: "Node" }[one]}
            </button>
          ))}
        </span>
      }
    >
      {!token && (
        <p className="note">{t`Make a key first; then it stands in the sample and the sample runs as it is.`}</p>
      )}
      {recipients.includes(own) && (
        <div className="field">
          <label htmlFor={`${id}-to`}>{t`To`}</label>
          <select
            id={`${id}-to`}
            className="input"
            value={to}
            onChange={(event) => {
              setTo(event.currentTarget.value);
              setAnswer(undefined);
            }}
          >
            <option value={customer}>{t`The test customer, on the phone beside this`}</option>
            <option value={own}>{t`Myself, ${shown(own)}`}</option>
          </select>
        </div>
      )}
      <Code label={t`Sample`} text={sample} />
      <div className="flex flex-wrap gap-2">
        <button type="button" className="btn secondary" disabled={!token} onClick={copySample}>
          <Copy size={18} aria-hidden /> {t`Copy the sample`}
        </button>
        <button
          type="button"
          className="btn primary"
          disabled={!token || act.busy}
          onClick={() => void send()}
        >
          <SendHorizontal size={18} aria-hidden /> {t`Send test message`}
        </button>
      </div>
      {act.error && (
        <p className="hint error" role="alert">
          {problem(act.error)}
        </p>
      )}
      {answer && (
        <div role="status" className="flex flex-col gap-2">
          <p className={`text-sm font-semibold ${answer.ok ? "text-ok" : "text-danger"}`}>
            {!answer.ok
              ? t`The API refused the message:`
              : answer.own
                ? t`Sent. It is in your chats.`
                : t`Sent. Look at the phone.`}
          </p>
          {answer.ok && answer.own && (
            <Link to="/chats" className="link self-start text-sm">
              {t`Open my chats`}
            </Link>
          )}
          <Code label={t`Answer of the API`} text={answer.text} />
        </div>
      )}
    </Card>
  );
}

/** Where it goes on once the first message has arrived. */
function Next() {
  const { t } = useLingui();
  const { overview } = usePlace();
  const params = { business: overview.id };
  return (
    <Card title={t`5. For real`}>
      <p className="text-sm text-ink-2">
        {t`Customers write to a number of your own. Verify it, give it a profile, and write the templates you begin with.`}
      </p>
      <div className="flex flex-wrap gap-2">
        <Link to="/business/$business/numbers" params={params} className="btn secondary">
          {t`Add a number`}
        </Link>
        <Link to="/business/$business/templates" params={params} className="btn secondary">
          {t`Write a template`}
        </Link>
        <Link to="/business/$business/team" params={params} className="btn secondary">
          {t`Ask colleagues in`}
        </Link>
      </div>
    </Card>
  );
}

const FIELDS = ["messages", "message_template_status_update"] as const;

function WebhookCard() {
  const { t } = useLingui();
  const { business } = useClient();
  const { overview, base, reload } = usePlace();
  const act = useAct();
  const secretAct = useAct();
  const problem = useProblem();
  const id = useId();
  const [url, setUrl] = useState(overview.webhook?.url ?? "");
  const [verify, setVerify] = useState("");
  const [saved, setSaved] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [rotating, setRotating] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setSaved(false);
    const body = { url: url.trim(), verify_token: verify, fields: [...FIELDS] };
    const done = await act.run(async () => {
      await business.call("PUT", `${base}/webhook`, body);
      return true;
    });
    if (!done) return;
    setSaved(true);
    reload();
  };
  const reveal = async () => {
    const found = await secretAct.run(() => business.call<{ secret: string }>("GET", `${base}/app-secret`));
    setSecret(found?.secret);
  };
  const rotate = async () => {
    const found = await secretAct.run(() => business.call<{ secret: string }>("POST", `${base}/app-secret`));
    if (found) setSecret(found.secret);
  };
  return (
    <Card title={t`4. Webhook`}>
      <p className="text-sm text-ink-2">
        <Trans>
          We call this address with every answer and every tick, signed with your app secret. When you save,
          we ask it once, with the verify token.
        </Trans>
      </p>
      <form className="flex flex-col gap-3" onSubmit={save}>
        <div className="field">
          <label htmlFor={`${id}-url`}>{t`Address of your program`}</label>
          <input
            id={`${id}-url`}
            className="input"
            type="url"
            required
            maxLength={2048}
            placeholder="https://"
            value={url}
            aria-invalid={act.error !== undefined}
            aria-describedby={act.error ? `${id}-error` : undefined}
            onChange={(event) => {
              act.clear();
              setUrl(event.currentTarget.value);
            }}
          />
          {act.error && (
            <p id={`${id}-error`} className="hint error" role="alert">
              {problem(act.error)}
            </p>
          )}
        </div>
        <div className="field">
          <label htmlFor={`${id}-verify`}>{t`Verify token`}</label>
          <input
            id={`${id}-verify`}
            className="input"
            required
            maxLength={256}
            autoComplete="off"
            value={verify}
            onChange={(event) => {
              act.clear();
              setVerify(event.currentTarget.value);
            }}
          />
        </div>
        <div className="flex flex-wrap items-center gap-3">
          <button type="submit" className="btn secondary" disabled={act.busy || !url.trim() || !verify}>
            {t`Save the webhook`}
          </button>
          {saved && (
            <span className="flex items-center gap-1.5 text-sm text-ok" role="status">
              <Check size={16} aria-hidden /> {t`Your program answered; saved.`}
            </span>
          )}
        </div>
      </form>
      {secret && (
        <dl>
          <CopyRow label={t`App secret`} value={secret} />
        </dl>
      )}
      {secret && (
        <button type="button" className="btn ghost self-start" onClick={() => setRotating(true)}>
          <RefreshCw size={18} aria-hidden /> {t`Make a new app secret`}
        </button>
      )}
      {rotating && (
        <Confirm
          title={t`Make a new app secret?`}
          action={t`Make a new one`}
          danger
          onClose={() => setRotating(false)}
          onConfirm={() => void rotate()}
        >
          {t`From then on webhooks are signed with it. Give it to your program first thing.`}
        </Confirm>
      )}
      {!secret && (
        <button type="button" className="btn ghost self-start" onClick={() => void reveal()}>
          <Eye size={18} aria-hidden /> {t`Show the app secret`}
        </button>
      )}
      {secretAct.error && (
        <p className="hint error" role="alert">
          {problem(secretAct.error)}
        </p>
      )}
    </Card>
  );
}
