import { Trans, useLingui } from "@lingui/react/macro";
import type { CodeRequest, NetworkInfo } from "@plauder/client/api";
import { ShieldCheck } from "lucide-react";
import { type FormEvent, useEffect, useId, useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { type Countries, type Country, likelyCountry, loadCountries } from "../../lib/phone.ts";
import { CountryPicker } from "./CountryPicker.tsx";

interface Props {
  network: NetworkInfo | undefined;
  onSent: (request: CodeRequest) => void;
}

export function NumberStep({ network, onSent }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const command = useCommand();
  const errorText = useErrorText();
  const id = useId();
  const [countries, setCountries] = useState<Countries>();
  const [chosen, setChosen] = useState<Country>();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const country = chosen ?? likelyCountry(network?.country);
  useEffect(() => {
    void loadCountries().then(setCountries);
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // Whoever is quicker than the tables waits for them, rather than being told that the number is wrong.
    const known = countries ?? (await loadCountries());
    const number = known.complete(text, country);
    if (!number) {
      const why = known.problem(text, country);
      setProblem(
        why === "short"
          ? t`Some digits are missing.`
          : why === "long"
            ? t`These are too many digits.`
            : t`This is not a phone number of this country.`,
      );
      return;
    }
    let made: CodeRequest | undefined;
    const by = network?.codeBy.includes("sms") === false ? "call" : "sms";
    await command.run(async () => {
      made = await client.session.requestCode(number, by);
    });
    if (made) onSent(made);
  };
  const type = (value: string) => {
    setProblem(undefined);
    command.clear();
    // A pasted international number brings its country along.
    const from = value.startsWith("+") ? countries?.countryOf(value) : undefined;
    if (from) setChosen(from);
    setText(countries ? countries.asYouType(value.replace(/[^\d+]/gu, ""), country) : value);
  };
  const message = problem ?? (command.failed && errorText(command.failed, command.details));
  if (network?.registration === "closed")
    return (
      <>
        <h1 className="text-3xl font-bold tracking-[-.028em]">{t`New accounts are closed`}</h1>
        <p className="mt-2 text-lg text-ink-2">{t`The operator of ${network.domain} accepts no new accounts now. You can still link this device.`}</p>
      </>
    );
  return (
    <form className="flex flex-1 flex-col" onSubmit={submit} noValidate>
      <h1 className="text-3xl font-bold tracking-[-.028em]">
        <Trans>What’s your phone number?</Trans>
      </h1>
      <p className="mt-2 text-lg text-ink-2">
        <Trans>It’s your address here. Friends who have it can find you.</Trans>
      </p>
      <div className="mt-6 flex flex-col gap-4">
        <CountryPicker countries={countries} country={country} onChange={setChosen} />
        <div className="field">
          <label htmlFor={id}>{t`Phone number`}</label>
          <input
            id={id}
            className="input big"
            type="tel"
            inputMode="tel"
            autoComplete="tel-national"
            dir="ltr"
            value={text}
            aria-invalid={message !== undefined}
            aria-describedby={`${id}-hint`}
            onChange={(event) => type(event.currentTarget.value)}
          />
          <p
            id={`${id}-hint`}
            className={message ? "hint error" : "hint"}
            role={message ? "alert" : undefined}
          >
            {message ??
              (network?.codesPrinted
                ? t`This server sends no texts yet: your code appears in the window where it runs.`
                : t`We send one text message with a code. Your carrier may charge for it.`)}
          </p>
        </div>
      </div>
      <div className="note mt-auto">
        <ShieldCheck size={18} aria-hidden />
        <p>
          <Trans>
            <b>Never sold, never used for ads.</b> Who may see your number is your choice.
          </Trans>
        </p>
      </div>
      <button type="submit" className="btn primary large mt-4" disabled={command.busy || !text.trim()}>
        <Trans>Send me a code</Trans>
      </button>
    </form>
  );
}
