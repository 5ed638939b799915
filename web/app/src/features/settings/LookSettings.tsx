import { useLingui } from "@lingui/react/macro";
import { LOCALES, type Preferences, preferences, usePreferences } from "../../lib/preferences.ts";
import { Choices } from "../../ui/Choices.tsx";
import { Group, Page } from "../../ui/Page.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";

const LANGUAGE_NAMES = {
  en: "English",
  de: "Deutsch",
  "pt-BR": "Português (Brasil)",
  es: "Español",
  hi: "हिन्दी",
} as const;

export function LookSettings() {
  const { t } = useLingui();
  const { theme, density, locale, enterSends } = usePreferences();
  const heading = "mb-2 px-1 text-sm font-[650] text-ink-2";
  return (
    <Page title={t`Look and language`}>
      <section>
        <h2 className={heading}>{t`Theme`}</h2>
        <Choices
          label={t`Theme`}
          value={theme}
          options={[
            { value: "system", label: t`Like the system` },
            { value: "light", label: t`Light` },
            { value: "dark", label: t`Dark` },
          ]}
          onChange={(value) => preferences.set({ theme: value as Preferences["theme"] })}
        />
      </section>
      <section>
        <h2 className={heading}>{t`Density of the chat list`}</h2>
        <Choices
          label={t`Density of the chat list`}
          value={density}
          options={[
            { value: "comfortable", label: t`Comfortable` },
            { value: "compact", label: t`Compact` },
          ]}
          onChange={(value) => preferences.set({ density: value as Preferences["density"] })}
        />
      </section>
      <section>
        <h2 className={heading}>{t`Language`}</h2>
        <Choices
          label={t`Language`}
          value={locale}
          options={[
            { value: "system", label: t`Like the system` },
            ...LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] })),
          ]}
          onChange={(value) => preferences.set({ locale: value as Preferences["locale"] })}
        />
      </section>
      <Group title={t`Writing`}>
        <SwitchRow
          label={t`Enter sends`}
          hint={t`When off, Enter begins a new line and Ctrl Enter sends.`}
          on={enterSends}
          onChange={(on) => preferences.set({ enterSends: on })}
        />
      </Group>
    </Page>
  );
}
