import { Trans, useLingui } from "@lingui/react/macro";
import type { CodeRequest, NetworkInfo, VerifyOutcome } from "@plauder/client/api";
import { KeyRound, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { deviceName } from "../../lib/phone.ts";
import { CodeInput } from "../../ui/CodeInput.tsx";
import { useProblem } from "../../ui/Problem.tsx";

interface Props {
  request: CodeRequest;
  shown: string;
  network: NetworkInfo | undefined;
  onAgain: (request: CodeRequest) => void;
  onVerified: (done: Extract<VerifyOutcome, { kind: "done" }>) => void;
  onChange: () => void;
}

export function CodeStep({ request, shown, network, onAgain, onVerified, onChange }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const now = useNow(1000);
  const verify = useCommand();
  const again = useCommand();
  const problem = useProblem(verify);
  const unsent = useProblem(again);
  const [code, setCode] = useState("");
  const [pinNeeded, setPinNeeded] = useState(false);
  const [pin, setPin] = useState("");
  const wait = Math.max(0, Math.ceil((request.retryAt - now) / 1000));
  const domain = network?.domain ?? location.hostname;

  const submit = async (value: string, withPin?: string) => {
    let outcome: VerifyOutcome | undefined;
    await verify.run(async () => {
      outcome = await client.session.verify(request.id, value, {
        deviceName: deviceName(),
        ...(withPin ? { pin: withPin } : {}),
      });
    });
    if (outcome?.kind === "pin-needed") setPinNeeded(true);
    else if (outcome) onVerified(outcome);
  };
  const type = (value: string) => {
    setCode(value);
    verify.clear();
    if (value.length === request.digits) void submit(value);
  };
  const resend = (by: "sms" | "call") =>
    again.run(async () => {
      onAgain(await client.session.requestCode(request.number, by));
      setCode("");
      verify.clear();
    });
  // A phone that reads the message itself, where the browser can.
  const latest = useRef(type);
  latest.current = type;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked anew for each code
  useEffect(() => {
    if (!("OTPCredential" in window)) return;
    const stop = new AbortController();
    const ask = { otp: { transport: ["sms"] }, signal: stop.signal } as CredentialRequestOptions;
    navigator.credentials
      .get(ask)
      .then((found) => found && latest.current((found as Credential & { code: string }).code))
      .catch(() => {
        // Not granted, or the step is over: typing works as ever.
      });
    return () => stop.abort();
  }, [request.id]);

  if (pinNeeded)
    return (
      <form
        className="flex flex-1 flex-col"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(code, pin);
        }}
      >
        <h1 className="text-3xl font-bold tracking-[-.028em]">{t`Enter your PIN`}</h1>
        <p className="mt-2 text-lg text-ink-2">{t`You set one when you used Plauder before. It keeps your number yours.`}</p>
        <label className="field mt-6">
          <span className="label">{t`PIN`}</span>
          <input
            className="input big num"
            type="password"
            inputMode="numeric"
            autoComplete="off"
            // biome-ignore lint/a11y/noAutofocus: the one field of this step
            autoFocus
            value={pin}
            maxLength={12}
            {...problem.field}
            onChange={(event) => setPin(event.currentTarget.value.replace(/\D/gu, ""))}
          />
        </label>
        {problem.shown}
        <button type="submit" className="btn primary large mt-auto" disabled={pin.length < 4 || verify.busy}>
          {t`Continue`}
        </button>
      </form>
    );

  return (
    <form
      className="flex flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(code);
      }}
    >
      <h1 className="text-3xl font-bold tracking-[-.028em]">
        <Trans>Enter the code</Trans>
      </h1>
      <p className="mt-2 text-lg text-ink-2">
        <Trans>
          Sent to{" "}
          <b className="num text-ink" dir="ltr">
            {shown}
          </b>
        </Trans>
        <br />
        <button type="button" className="link" onClick={onChange}>
          <Trans>Change number</Trans>
        </button>
      </p>
      <div className="mt-6">
        <CodeInput
          digits={request.digits}
          value={code}
          problem={problem.field}
          label={t`Code`}
          onChange={type}
        />
      </div>
      {problem.shown}
      {network?.codesPrinted && (
        <p className="mt-3 text-md text-ink-2">
          {t`This server sends no texts yet: your code appears in the window where it runs.`}
        </p>
      )}
      <p className="mt-3 flex flex-wrap justify-between gap-2 text-md text-ink-2">
        {wait > 0 ? (
          <span>
            <Trans>
              New code in <b className="num text-ink">{format.clock(wait)}</b>
            </Trans>
          </span>
        ) : (
          <button type="button" className="link" disabled={again.busy} onClick={() => resend("sms")}>
            <Trans>Send a new code</Trans>
          </button>
        )}
        {network?.codeBy.includes("call") && (
          <button
            type="button"
            className="link"
            disabled={again.busy || wait > 0}
            onClick={() => resend("call")}
          >
            <Trans>Call me instead</Trans>
          </button>
        )}
      </p>
      {unsent.shown}
      <div className="mt-auto flex flex-col gap-4 pt-6">
        <div className="note">
          <KeyRound size={18} aria-hidden />
          <p>
            <Trans>
              <b>Your keys are being made on this device.</b> They never leave it; not even {domain} can read
              your chats.
            </Trans>
          </p>
        </div>
        <div className="note warn">
          <TriangleAlert size={18} aria-hidden />
          <p>
            <Trans>
              <b>Tell nobody this code.</b> We never ask for it.
            </Trans>
          </p>
        </div>
        <button
          type="submit"
          className="btn primary large"
          disabled={code.length < request.digits || verify.busy}
        >
          <Trans>Continue</Trans>
        </button>
      </div>
    </form>
  );
}
