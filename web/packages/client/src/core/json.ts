/** Small readers for JSON that nobody vouches for: what is not of the wanted kind is taken for empty. */

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

/** The objects of a list, at most `most`. */
export function objects(value: unknown, most: number): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject).slice(0, most) : [];
}

/** The texts of an object's members. */
export function texts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(object(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Without members that say nothing, so that what is optional is absent. */
export function filled<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== "")) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
