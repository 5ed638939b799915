import { useLingui } from "@lingui/react/macro";
import { preferences, usePreferences } from "../../lib/preferences.ts";
import { Group, Page } from "../../ui/Page.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";
import { KeyTable } from "./KeyTable.tsx";

export function KeysHelp() {
  const { t } = useLingui();
  const { letters } = usePreferences();
  return (
    <Page title={t`Keyboard`}>
      <Group>
        <SwitchRow
          label={t`Single letters act on a focused message`}
          hint={t`R, E, D and F. Everything is also in the menu, which Enter opens.`}
          on={letters}
          onChange={(on) => preferences.set({ letters: on })}
        />
      </Group>
      <div className="card p-5">
        <KeyTable />
      </div>
    </Page>
  );
}
