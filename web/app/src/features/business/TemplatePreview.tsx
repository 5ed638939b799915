import { Trans, useLingui } from "@lingui/react/macro";
import { ClientError } from "@plauder/client/api";
import { Store, Volume2 } from "lucide-react";
import { useEffect, useState } from "react";
import type { Desk } from "../../bubbles/parts.tsx";
import { TemplateMessage } from "../../bubbles/Template.tsx";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { usePlace } from "./ask.ts";
import type { Category } from "./model.ts";
import { Bubble } from "./PhoneLine.tsx";
import { preview } from "./preview.ts";
import type { Version } from "./template.ts";

/** Nothing is answered here. */
const DESK: Desk = {
  me: { name: "", number: "+" },
  given: undefined,
  pressed: undefined,
  answer: () => {},
  press: () => {},
  form: () => Promise.reject(new ClientError("cancelled")),
};

/** As the customer sees it, with the sample values: light, dark, large, read aloud. */
export function TemplatePreview({ category, version }: { category: Category; version: Version }) {
  const { t } = useLingui();
  const format = useFormat();
  const now = useNow();
  const { overview } = usePlace();
  const [look, setLook] = useState<"light" | "dark">();
  const [large, setLarge] = useState(false);
  const shown = preview(category, version, { now, empty: t`Your text appears here.` });
  const spoken = [shown.header?.text, shown.body, shown.footer, ...shown.buttons.map((one) => one.text)]
    .filter(Boolean)
    .join(". ");
  return (
    <section className="biz-sticky" aria-label={t`Preview`}>
      <div className="phone !h-[520px]" data-large={large} {...(look && { "data-theme": look })}>
        <div className="phone-head">
          <span className="biz-mark" aria-hidden="true">
            {overview.name.slice(0, 1).toLocaleUpperCase()}
          </span>
          <span className="cut flex flex-1 items-center gap-1.5 font-[650]">
            {overview.name}
            <Store size={14} className="flex-none text-plum" aria-hidden />
          </span>
          <span className="tag">{t`Preview`}</span>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section className="phone-log" aria-label={t`The message as it arrives`} tabIndex={0}>
          <p className="phone-note">
            <Trans>Hosted inbox. Encryption ends at the operator.</Trans>
          </p>
          <Bubble meta={format.time(now)}>
            <TemplateMessage of={shown} desk={DESK} />
          </Bubble>
        </section>
      </div>
      <p className="mt-4 flex flex-wrap items-center justify-center gap-2 text-sm text-ink-2">
        <span className="w-full text-center">{t`Sample data`}</span>
        <button
          type="button"
          className="chip"
          aria-pressed={look === "light"}
          onClick={() => setLook("light")}
        >
          {t`Light`}
        </button>
        <button type="button" className="chip" aria-pressed={look === "dark"} onClick={() => setLook("dark")}>
          {t`Dark`}
        </button>
        <button type="button" className="chip" aria-pressed={large} onClick={() => setLarge(!large)}>
          {t`Large text`}
        </button>
        <ReadAloud text={spoken} language={version.language} />
      </p>
    </section>
  );
}

/** What a person hears who does not see the message. */
function ReadAloud({ text, language }: { text: string; language: string }) {
  const { t } = useLingui();
  const [speaking, setSpeaking] = useState(false);
  useEffect(() => () => globalThis.speechSynthesis?.cancel(), []);
  if (!("speechSynthesis" in globalThis)) return null;
  const toggle = () => {
    speechSynthesis.cancel();
    if (speaking) return setSpeaking(false);
    const said = new SpeechSynthesisUtterance(text.replace(/[*_~]/gu, ""));
    said.lang = language.replace("_", "-");
    said.onend = () => setSpeaking(false);
    said.onerror = () => setSpeaking(false);
    setSpeaking(true);
    speechSynthesis.speak(said);
  };
  return (
    <button type="button" className="chip" aria-pressed={speaking} onClick={toggle}>
      <Volume2 size={16} aria-hidden /> {t`Read aloud`}
    </button>
  );
}
