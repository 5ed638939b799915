/**
 * A flow's JSON as the app plays it: screens, what their parts show with the data at hand, what the person must still
 * fill in, what an action carries. Nothing in it is trusted: what is not understood shows nothing. Pure.
 */

export type Values = Readonly<Record<string, unknown>>;

export interface FormDefinition {
  readonly version: number;
  readonly screens: ReadonlyMap<string, FormScreen>;
  readonly first: string;
}

export interface FormScreen {
  readonly id: string;
  readonly title: string;
  /** Whether leaving it backwards asks the business's program what the screen before holds. */
  readonly refreshes: boolean;
  readonly parts: readonly Values[];
}

/** What expressions can name: the screen's data, what was filled in, and that of the screens before. */
export interface Scope {
  readonly data: Values;
  readonly form: Values;
  readonly screen: Readonly<Record<string, { readonly data: Values; readonly form: Values }>>;
}

export interface Option {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly enabled: boolean;
}

const MOST_SCREENS = 100;
const MOST_PARTS = 200;
const DEEPEST = 8;

export function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const object = (value: unknown): Values => (isObject(value) ? value : {});
const objects = (value: unknown): readonly Values[] => (Array.isArray(value) ? value.filter(isObject) : []);
export const text = (value: unknown): string =>
  typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : "";

/** Undefined for what is no flow. */
export function readDefinition(json: string): FormDefinition | undefined {
  let flow: unknown;
  try {
    flow = JSON.parse(json);
  } catch {
    return undefined;
  }
  const screens = objects(object(flow).screens)
    .slice(0, MOST_SCREENS)
    .map((screen) => ({
      id: text(screen.id),
      title: text(screen.title),
      refreshes: screen.refresh_on_back === true,
      parts: objects(object(screen.layout).children),
    }))
    .filter(({ id }) => id !== "");
  const [first] = screens;
  if (!first) return undefined;
  const version = Number.parseFloat(text(object(flow).version)) || 3;
  return { version, first: first.id, screens: new Map(screens.map((screen) => [screen.id, screen])) };
}

// ------------------------------------------------------------------------------------------------ expressions

const WHOLE = /^\$\{([^{}]+)\}$/u;
const INSIDE = /\$\{([^{}]+)\}/gu;

function look(path: string, scope: Scope): unknown {
  let value: unknown = scope;
  for (const name of path.trim().split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A value with its references replaced: a text that is one reference keeps the kind of what it names. */
export function resolve(value: unknown, scope: Scope, depth = 0): unknown {
  if (depth > DEEPEST) return undefined;
  if (typeof value === "string") {
    if (value.length > 1 && value.startsWith("`") && value.endsWith("`"))
      return evaluate(value.slice(1, -1), scope);
    const whole = WHOLE.exec(value);
    if (whole) return look(whole[1] ?? "", scope);
    return value.replace(INSIDE, (_, path: string) => text(look(path, scope)));
  }
  if (Array.isArray(value)) return value.map((one) => resolve(one, scope, depth + 1));
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, resolve(one, scope, depth + 1)]),
    );
  return value;
}

const TOKEN =
  /\s*(?:\$\{([^{}]+)\}|'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?)|(true|false)|(==|!=|>=|<=|&&|\|\||[()!<>+*/-]))/uy;

type Token = { readonly value: unknown } | { readonly sign: string };

function tokens(source: string, scope: Scope): Token[] | undefined {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = source.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(source);
    if (!match || found.length > 200) return undefined;
    const [, path, quoted, number, bool, sign] = match;
    if (sign !== undefined) found.push({ sign });
    else if (path !== undefined) found.push({ value: look(path, scope) });
    else if (quoted !== undefined) found.push({ value: quoted.replace(/\\(.)/gu, "$1") });
    else found.push({ value: number === undefined ? bool === "true" : Number(number) });
  }
  return found;
}

/** Operators, weakest first. Values beside each other are written one after the other. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/"],
];

/** `${form.age} >= 18 && ${data.open}`, or `'Hello ' ${data.name}`. Undefined for what cannot be read. */
export function evaluate(source: string, scope: Scope): unknown {
  const list = tokens(source, scope);
  if (!list?.length) return undefined;
  let at = 0;
  const next = (): string | undefined => {
    const token = list[at];
    return token && "sign" in token ? token.sign : undefined;
  };
  const unit = (): unknown => {
    const token = list[at++];
    if (!token) return undefined;
    if ("value" in token) return token.value;
    if (token.sign === "!") return !unit();
    if (token.sign !== "(") return undefined;
    const inner = level(0);
    if (next() === ")") at++;
    return inner;
  };
  const joined = (): unknown => {
    let value = unit();
    while (at < list.length && "value" in (list[at] as Token)) value = text(value) + text(unit());
    return value;
  };
  const level = (depth: number): unknown => {
    const signs = LEVELS[depth];
    if (!signs) return joined();
    let left = level(depth + 1);
    for (let sign = next(); sign && signs.includes(sign); sign = next()) {
      at++;
      left = apply(sign, left, level(depth + 1));
    }
    return left;
  };
  const value = level(0);
  return at === list.length ? value : undefined;
}

function apply(sign: string, left: unknown, right: unknown): unknown {
  switch (sign) {
    case "||":
      return Boolean(left) || Boolean(right);
    case "&&":
      return Boolean(left) && Boolean(right);
    case "==":
      return left === right || (text(left) === text(right) && text(left) !== "");
    case "!=":
      return !apply("==", left, right);
    case "<":
      return Number(left) < Number(right);
    case ">":
      return Number(left) > Number(right);
    case "<=":
      return Number(left) <= Number(right);
    case ">=":
      return Number(left) >= Number(right);
    case "+":
      return typeof left === "number" && typeof right === "number" ? left + right : text(left) + text(right);
    case "-":
      return Number(left) - Number(right);
    case "*":
      return Number(left) * Number(right);
    default:
      return Number(right) === 0 ? undefined : Number(left) / Number(right);
  }
}

function isTrue(value: unknown, scope: Scope): boolean {
  const found =
    typeof value === "string" && !WHOLE.test(value)
      ? evaluate(value.replace(/^`|`$/gu, ""), scope)
      : resolve(value, scope);
  return found === true || found === "true";
}

// ------------------------------------------------------------------------------------------------ what shows

/** The parts of a screen that show now, in order; forms and conditions are opened. */
export function shown(parts: readonly Values[], scope: Scope, depth = 0): Values[] {
  if (depth > DEEPEST) return [];
  return parts.slice(0, MOST_PARTS).flatMap((part): Values[] => {
    if (part.visible !== undefined && !isTrue(part.visible, scope)) return [];
    switch (part.type) {
      case "Form":
        return shown(withForm(part), scope, depth + 1);
      case "If":
        return shown(objects(isTrue(part.condition, scope) ? part.then : part.else), scope, depth + 1);
      case "Switch": {
        const cases = object(part.cases);
        const name = text(resolve(part.value, scope));
        return shown(objects(Object.hasOwn(cases, name) ? cases[name] : cases.default), scope, depth + 1);
      }
      default:
        return [part];
    }
  });
}

/** What a form says of its fields, said by the fields themselves. */
function withForm(form: Values): Values[] {
  const [values, errors] = [form["init-values"], form["error-messages"]];
  return objects(form.children).map((child) => {
    const name = text(child.name);
    const lookUp = (from: unknown): unknown =>
      isObject(from) ? from[name] : typeof from === "string" ? from.replace(/\}$/u, `.${name}}`) : undefined;
    const [init, error] = [lookUp(values), lookUp(errors)];
    return {
      ...child,
      ...(name && init !== undefined && child["init-value"] === undefined && { "init-value": init }),
      ...(name && error !== undefined && child["error-message"] === undefined && { "error-message": error }),
    };
  });
}

export function isEnabled(part: Values, scope: Scope): boolean {
  return part.enabled === undefined || isTrue(part.enabled, scope);
}

export function options(part: Values, scope: Scope): Option[] {
  return objects(resolve(part["data-source"], scope))
    .slice(0, MOST_PARTS)
    .map((one) => ({
      id: text(one.id),
      title: text(one.title) || text(object(one["main-content"]).title),
      description: text(one.description) || text(object(one["main-content"]).description),
      enabled: one.enabled !== false,
    }));
}

const FIELDS: ReadonlySet<unknown> = new Set([
  "TextInput",
  "TextArea",
  "CheckboxGroup",
  "RadioButtonsGroup",
  "ChipsSelector",
  "Dropdown",
  "DatePicker",
  "CalendarPicker",
  "OptIn",
]);
const LISTS: ReadonlySet<unknown> = new Set(["CheckboxGroup", "ChipsSelector"]);

export const isField = (part: Values): boolean => FIELDS.has(part.type) && text(part.name) !== "";
export const isList = (part: Values): boolean => LISTS.has(part.type);

/** What the fields of a screen hold before the person touches them. */
export function initial(parts: readonly Values[], scope: Scope): Values {
  return Object.fromEntries(
    shown(parts, scope)
      .filter(isField)
      .map((part) => [text(part.name), start(part, resolve(part["init-value"], scope))]),
  );
}

function start(part: Values, given: unknown): unknown {
  if (isList(part)) return Array.isArray(given) ? given.map(text) : [];
  return part.type === "OptIn" ? given === true : text(given);
}

export type Fault =
  | "missing"
  | "too-short"
  | "too-long"
  | "not-that"
  | "too-few"
  | "too-many"
  | { readonly says: string };

const KINDS: Readonly<Record<string, RegExp>> = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/u,
  number: /^-?\d+(?:[.,]\d+)?$/u,
  phone: /^\+?[\d\s()/.-]{4,24}$/u,
  passcode: /^\d+$/u,
};

/** What is wrong with a field, if anything. */
export function fault(part: Values, value: unknown, scope: Scope): Fault | undefined {
  const required = isTrue(part.required, scope);
  const limit = (name: string): number => Number(resolve(part[name], scope) ?? Number.NaN);
  if (part.type === "OptIn") return required && value !== true ? "missing" : undefined;
  if (isList(part)) {
    const count = Array.isArray(value) ? value.length : 0;
    if (count === 0) return required ? "missing" : undefined;
    if (count < limit("min-selected-items")) return "too-few";
    return count > limit("max-selected-items") ? "too-many" : undefined;
  }
  const written = text(value);
  if (written.trim() === "") return required ? "missing" : undefined;
  const says = text(isObject(part["error-message"]) ? "" : resolve(part["error-message"], scope));
  if (part.type === "TextInput" && !(KINDS[text(part["input-type"])]?.test(written.trim()) ?? true))
    return "not-that";
  const pattern = text(part.pattern);
  if (pattern && pattern.length < 200 && !matches(pattern, written)) return says ? { says } : "not-that";
  if (written.length < limit("min-chars")) return "too-short";
  return written.length > (limit("max-chars") || limit("max-length") || 600) ? "too-long" : undefined;
}

function matches(pattern: string, written: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(written.slice(0, 600));
  } catch {
    return true;
  }
}

// ------------------------------------------------------------------------------------------------ what is done

export type Act =
  | { readonly name: "navigate"; readonly next: string; readonly payload: Values }
  | { readonly name: "complete" | "data_exchange" | "update_data"; readonly payload: Values }
  | { readonly name: "open_url"; readonly url: string };

/** What a tap does, with its values filled in. */
export function readAct(of: unknown, scope: Scope): Act | undefined {
  const action = object(of);
  const payload = object(resolve(action.payload ?? {}, scope));
  switch (action.name) {
    case "navigate":
      return { name: "navigate", next: text(object(action.next).name), payload };
    case "complete":
    case "data_exchange":
    case "update_data":
      return { name: action.name, payload };
    case "open_url": {
      const url = text(resolve(action.url, scope));
      return /^https?:\/\//iu.test(url) ? { name: "open_url", url } : undefined;
    }
    default:
      return undefined;
  }
}
