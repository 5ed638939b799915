import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Plus, Store } from "lucide-react";
import { type FormEvent, useEffect, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { type Countries, likelyCountry, loadCountries } from "../../lib/phone.ts";
import { useRoles } from "../../lib/roles.ts";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { useAct, useAsk, useProblem } from "./ask.ts";
import type { BusinessRow, Founded } from "./model.ts";
import { CURRENCIES, currencyOf } from "./money.ts";
import "./business.css";

/** The businesses I am in, and a way to found one. */
export function Businesses() {
  const { t } = useLingui();
  const { value, error } = useAsk<readonly BusinessRow[]>("");
  const problem = useProblem();
  const roles = useRoles();
  const [founding, setFounding] = useState(false);
  const empty = value?.length === 0;
  return (
    <main className="h-full overflow-y-auto bg-[image:var(--wash)] bg-ground" id="main">
      <div className="mx-auto flex max-w-[560px] flex-col gap-5 p-4 pb-16 sm:p-8">
        <Link to="/settings" className="btn ghost self-start">
          <ChevronLeft size={18} className="rtl:rotate-180" aria-hidden />
          {t`Back to Plauder`}
        </Link>
        <header>
          <h1 className="flex items-center gap-3 text-3xl font-[690] tracking-[-.022em]">
            <Store size={28} strokeWidth={1.75} className="text-plum" aria-hidden />
            {t`Plauder Business`}
          </h1>
          <p className="mt-2 text-lg text-ink-2">
            <Trans>
              Write to your customers with a program: order updates, codes, answers. It speaks the API that
              your tools know already.
            </Trans>
          </p>
        </header>
        {error && (
          <p className="banner danger" role="alert">
            {problem(error)}
          </p>
        )}
        {!value && !error && <RowsSkeleton rows={3} />}
        {value && value.length > 0 && (
          <nav className="card overflow-hidden" aria-label={t`My businesses`}>
            {value.map((row) => (
              <Link key={row.id} to="/business/$business" params={{ business: row.id }} className="setting">
                <span className="biz-mark" aria-hidden="true">
                  {row.name.slice(0, 1).toLocaleUpperCase()}
                </span>
                <span className="min-w-0 flex-1">
                  <span className="cut block font-semibold">{row.name}</span>
                  <span className="block text-sm text-ink-2">{roles(row.role)}</span>
                </span>
                <ChevronRight size={18} className="text-ink-3 rtl:rotate-180" aria-hidden />
              </Link>
            ))}
          </nav>
        )}
        {value && !empty && !founding && (
          <button type="button" className="btn secondary self-start" onClick={() => setFounding(true)}>
            <Plus size={18} aria-hidden /> {t`Found another business`}
          </button>
        )}
        {(empty || founding) && <Found />}
      </div>
    </main>
  );
}

function Found() {
  const { t, i18n } = useLingui();
  const { business } = useClient();
  const navigate = useNavigate();
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const [countries, setCountries] = useState<Countries>();
  const [name, setName] = useState("");
  const [country, setCountry] = useState<string>(() => likelyCountry(undefined));
  const [currency, setCurrency] = useState<string>(() => currencyOf(likelyCountry(undefined)));
  const mine = useClient().profile.me.get()?.number;
  useEffect(() => {
    void loadCountries().then((known) => {
      setCountries(known);
      // A business is most likely where its founder's number is.
      const own = mine && known.countryOf(mine);
      if (!own) return;
      setCountry(own);
      setCurrency(currencyOf(own));
    });
  }, [mine]);
  const money = new Intl.DisplayNames(i18n.locale, { type: "currency" });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const body = { name: name.trim(), country, currency, timezone: timeZone };
    const made = await act.run(() => business.call<Founded>("POST", "", body));
    if (made) void navigate({ to: "/business/$business", params: { business: made.id } });
  };
  return (
    <form className="card flex flex-col gap-4 p-5" onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} className="text-xl font-[660]">{t`Found a business`}</h2>
      <div className="field">
        <label htmlFor={`${id}-name`}>{t`Name of the business`}</label>
        <input
          id={`${id}-name`}
          className="input"
          required
          maxLength={128}
          autoComplete="organization"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <div className="field">
          <label htmlFor={`${id}-country`}>{t`Country`}</label>
          <select
            id={`${id}-country`}
            className="input"
            value={country}
            onChange={(event) => {
              setCountry(event.currentTarget.value);
              setCurrency(currencyOf(event.currentTarget.value));
            }}
          >
            {!countries && <option value={country}>{country}</option>}
            {countries?.all(i18n.locale).map(({ code, name: label }) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-currency`}>{t`Currency of the bill`}</label>
          <select
            id={`${id}-currency`}
            className="input"
            value={currency}
            onChange={(event) => setCurrency(event.currentTarget.value)}
          >
            {CURRENCIES.map((code) => (
              <option key={code} value={code}>
                {`${code} · ${money.of(code) ?? code}`}
              </option>
            ))}
          </select>
        </div>
      </div>
      <p className="hint">
        {t`You get a test number and a simulated customer at once. Trying things out costs nothing.`}
      </p>
      {act.error && (
        <p className="hint error" role="alert">
          {problem(act.error)}
        </p>
      )}
      <button type="submit" className="btn primary" disabled={!name.trim() || !countries || act.busy}>
        {t`Found the business`}
      </button>
    </form>
  );
}
