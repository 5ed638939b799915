import { useLingui } from "@lingui/react/macro";
import type { FormOffer } from "@plauder/client/api";
import { ChevronRight } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { useCommand } from "../lib/client.ts";
import { useErrorText } from "../lib/errors.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { FormField } from "./FormField.tsx";
import { FormText } from "./FormText.tsx";
import {
  type Act,
  type Fault,
  type FormDefinition,
  fault,
  initial,
  isEnabled,
  isField,
  isObject,
  options,
  readAct,
  readDefinition,
  resolve,
  type Scope,
  shown,
  text,
  type Values,
} from "./form.ts";
import type { Desk } from "./parts.tsx";

interface Props {
  offer: FormOffer;
  desk: Desk;
  onClose: () => void;
}

/** Where the person is: a screen, what it knows, what was filled in; `before` it the screens that led here. */
interface Step {
  readonly screen: string;
  readonly data: Values;
  readonly form: Values;
}

/** A business's form, screen after screen; nothing is sent before the person says so. */
export default function FormDialog({ offer, desk, onClose }: Props) {
  const { t } = useLingui();
  const errorText = useErrorText();
  const command = useCommand();
  const [definition, setDefinition] = useState<FormDefinition>();
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const [faults, setFaults] = useState<Readonly<Record<string, Fault>>>({});
  const [notice, setNotice] = useState("");
  const step = steps.at(-1);
  const screen = step && definition?.screens.get(step.screen);
  const scope = useMemo(() => scopeOf(steps), [steps]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a form is opened once
  useEffect(() => void command.run(open), []);

  async function open() {
    const answer = await desk.form(offer, { action: "definition" });
    const read = readDefinition(text(answer.json));
    if (!read) return setNotice(t`This form cannot be shown.`);
    setDefinition(read);
    if (!offer.exchanges) return enter(read, offer.screen || read.first, offer.data ?? {});
    follow(read, await desk.form(offer, { action: "INIT", screen: "", data: {} }));
  }

  function enter(from: FormDefinition, name: string, data: Values) {
    const next = from.screens.get(name);
    if (!next) return setNotice(t`This form cannot be shown.`);
    setFaults({});
    setNotice("");
    setSteps((before) => {
      const scope = scopeOf([...before, { screen: name, data, form: {} }]);
      return [...before, { screen: name, data, form: initial(next.parts, scope) }];
    });
  }

  /** What the business's program answered: the same screen with more data, the next one, or the end. */
  function follow(from: FormDefinition, answer: Values) {
    const data = isObject(answer.data) ? answer.data : {};
    const name = text(answer.screen);
    if (name === "SUCCESS") {
      const response = isObject(data.extension_message_response) ? data.extension_message_response : {};
      return finish(isObject(response.params) ? response.params : {});
    }
    if (name && name === step?.screen) {
      setSteps((before) => change(before, { data: { ...before.at(-1)?.data, ...data } }));
      setNotice(text(data.error_message));
    } else enter(from, name, data);
  }

  /** `refresh_on_back`: the business's program says what the screen before holds now. */
  async function goBack() {
    if (!definition || !step) return;
    const answer = await desk.form(offer, { action: "BACK", screen: step.screen, data: {} });
    const before = steps.slice(0, -1);
    const data = isObject(answer.data) ? answer.data : {};
    setSteps(before);
    if (before.at(-1)?.screen !== answer.screen) return follow(definition, answer);
    setSteps(change(before, { data: { ...before.at(-1)?.data, ...data } }));
  }

  function finish(payload: Values) {
    const response_json = JSON.stringify({ flow_token: offer.token, ...payload });
    desk.answer(
      { type: "nfm_reply", nfm_reply: { name: "flow", body: "Sent", response_json } },
      t`Form sent`,
    );
    onClose();
  }

  async function act(what: Act) {
    if (!definition || !step) return;
    if (what.name === "navigate") enter(definition, what.next, what.payload);
    else if (what.name === "complete") finish(what.payload);
    else if (what.name === "open_url") window.open(what.url, "_blank", "noopener,noreferrer");
    else if (what.name === "update_data")
      setSteps((before) => change(before, { data: { ...before.at(-1)?.data, ...what.payload } }));
    else
      follow(
        definition,
        await desk.form(offer, { action: "data_exchange", screen: step.screen, data: what.payload }),
      );
  }

  const parts = screen && step ? shown(screen.parts, scope) : [];
  const footer = parts.find(({ type }) => type === "Footer");
  const fill = (name: string, value: unknown) => {
    setSteps((before) => change(before, { form: { ...before.at(-1)?.form, [name]: value } }));
    setFaults(({ [name]: _, ...others }) => others);
  };
  const press = (action: unknown) => {
    const what = readAct(action, scope);
    if (what) void command.run(() => act(what));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = parts.filter(isField).flatMap((part) => {
      const found = fault(part, step?.form[text(part.name)], scope);
      return found ? [[text(part.name), found] as const] : [];
    });
    setFaults(Object.fromEntries(wrong));
    if (!wrong.length) press(footer?.["on-click-action"]);
  };
  const back = () => {
    setFaults({});
    setNotice("");
    if (screen?.refreshes) void command.run(goBack);
    else setSteps((before) => before.slice(0, -1));
  };
  return (
    <Dialog title={text(resolve(screen?.title, scope)) || offer.label || t`Form`} onClose={onClose}>
      {!screen && !notice && !command.failed && (
        <p className="hint" role="status">{t`The form is coming…`}</p>
      )}
      {(notice || command.failed) && (
        <p className="hint error mb-3" role="alert">
          {command.failed ? errorText(command.failed) : notice}
        </p>
      )}
      {screen && (
        <form noValidate className="flex flex-col gap-4" onSubmit={submit} aria-busy={command.busy}>
          {parts.map((part, index) => (
            <Part
              key={`${step?.screen}-${text(part.name) || index}`}
              of={part}
              scope={scope}
              value={step?.form[text(part.name)]}
              fault={faults[text(part.name)]}
              version={definition?.version ?? 3}
              onFill={fill}
              onPress={press}
            />
          ))}
          <div className="flex flex-wrap justify-end gap-2">
            {steps.length > 1 && (
              <button type="button" className="btn ghost" onClick={back}>
                {t`Back`}
              </button>
            )}
            {footer && (
              <button
                type="submit"
                className="btn primary min-w-0 flex-1"
                disabled={command.busy || !isEnabled(footer, scope)}
              >
                {text(resolve(footer.label, scope)) || t`Go on`}
              </button>
            )}
          </div>
          {["left-caption", "center-caption", "right-caption"].map((name) => {
            const words = text(resolve(footer?.[name], scope));
            return words ? (
              <p key={name} className="hint text-center">
                {words}
              </p>
            ) : null;
          })}
        </form>
      )}
    </Dialog>
  );
}

function change(steps: readonly Step[], part: Partial<Step>): readonly Step[] {
  const last = steps.at(-1);
  return last ? [...steps.slice(0, -1), { ...last, ...part }] : steps;
}

function scopeOf(steps: readonly Step[]): Scope {
  const last = steps.at(-1);
  const screen = Object.fromEntries(steps.map((one) => [one.screen, { data: one.data, form: one.form }]));
  return { data: last?.data ?? {}, form: last?.form ?? {}, screen };
}

interface PartProps {
  of: Values;
  scope: Scope;
  value: unknown;
  fault: Fault | undefined;
  version: number;
  onFill: (name: string, value: unknown) => void;
  onPress: (action: unknown) => void;
}

function Part({ of, scope, value, fault: wrong, version, onFill, onPress }: PartProps) {
  const { t } = useLingui();
  if (isField(of))
    return (
      <FormField
        of={of}
        scope={scope}
        value={value}
        fault={wrong}
        version={version}
        onChange={(next) => {
          onFill(text(of.name), next);
          if (of["on-select-action"]) onPress(of["on-select-action"]);
        }}
        onRead={of["on-click-action"] ? () => onPress(of["on-click-action"]) : undefined}
      />
    );
  switch (of.type) {
    case "Footer":
      return null;
    case "EmbeddedLink":
      return (
        <button type="button" className="link self-start" onClick={() => onPress(of["on-click-action"])}>
          {text(resolve(of.text, scope))}
        </button>
      );
    case "NavigationList":
      return <Choices of={of} scope={scope} onPress={onPress} />;
    case "PhotoPicker":
    case "DocumentPicker":
      return <p className="hint">{t`Files cannot be added to a form here. Send them in the chat.`}</p>;
    default:
      return <FormText of={of} scope={scope} />;
  }
}

/** A list whose rows each lead somewhere. */
function Choices({ of, scope, onPress }: Pick<PartProps, "of" | "scope" | "onPress">) {
  const source = Array.isArray(of["list-items"]) ? of["list-items"] : resolve(of["list-items"], scope);
  const items = options({ "data-source": source }, scope);
  const actions = Array.isArray(source) ? source.filter(isObject).map((one) => one["on-click-action"]) : [];
  return (
    <ul className="card overflow-hidden" aria-label={text(resolve(of.label, scope)) || undefined}>
      {items.map((item, index) => (
        <li key={item.id || index}>
          <button
            type="button"
            className="menu-item w-full"
            onClick={() => onPress(actions[index] ?? of["on-click-action"])}
          >
            <span className="flex-1 text-start">
              <span className="block font-semibold">{item.title}</span>
              {item.description && <span className="block text-sm text-ink-2">{item.description}</span>}
            </span>
            <ChevronRight size={18} className="rtl:rotate-180" aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}
