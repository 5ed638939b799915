/**
 * Differences between two snapshots of a view: what crosses to the page is what changed, and what did not change keeps
 * its identity there, so that views are drawn again only where something is new.
 */

/** Unchanged · another value · an object's changed and dropped keys · a list, each entry old (by index) or new. */
export type Patch =
  | 0
  | { readonly v: unknown }
  | { readonly o: Readonly<Record<string, Patch>>; readonly d?: readonly string[] }
  | { readonly l: readonly Entry[] };

type Entry = number | readonly [at: number, change: Patch] | { readonly v: unknown };
type Plain = Readonly<Record<string, unknown>>;

export function diff(before: unknown, after: unknown): Patch {
  if (Object.is(before, after)) return 0;
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after);
  if (isPlain(before) && isPlain(after)) return diffObjects(before, after);
  return { v: after };
}

function diffObjects(before: Plain, after: Plain): Patch {
  const changes: Record<string, Patch> = {};
  let any = false;
  for (const [key, value] of Object.entries(after)) {
    const change = key in before ? diff(before[key], value) : { v: value };
    if (change === 0) continue;
    changes[key] = change;
    any = true;
  }
  const dropped = Object.keys(before).filter((key) => !(key in after));
  if (!any && dropped.length === 0) return 0;
  return dropped.length ? { o: changes, d: dropped } : { o: changes };
}

function diffLists(before: readonly unknown[], after: readonly unknown[]): Patch {
  const places = new Map<unknown, number>();
  before.forEach((item, at) => {
    places.set(keyOf(item, at), at);
  });
  let same = before.length === after.length;
  const entries = after.map((item, at): Entry => {
    const place = places.get(keyOf(item, at));
    if (place === undefined) {
      same = false;
      return { v: item };
    }
    const change = diff(before[place], item);
    if (change === 0 && place === at) return at;
    same = false;
    return change === 0 ? place : [place, change];
  });
  return same ? 0 : { l: entries };
}

/** Things with a name of their own are recognised by it, others by where they stand. */
function keyOf(item: unknown, at: number): unknown {
  if (!isPlain(item)) return at;
  const { id, message } = item as { id?: unknown; message?: { id?: unknown } };
  return typeof id === "string" ? id : typeof message?.id === "string" ? message.id : at;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function apply(before: unknown, patch: Patch): unknown {
  if (patch === 0) return before;
  if ("v" in patch) return patch.v;
  if ("l" in patch) {
    const old = before as readonly unknown[];
    return patch.l.map((entry) => {
      if (typeof entry === "number") return old[entry];
      return "v" in entry ? entry.v : apply(old[entry[0]], entry[1]);
    });
  }
  const object: Record<string, unknown> = { ...(before as Plain) };
  for (const key of patch.d ?? []) delete object[key];
  for (const [key, change] of Object.entries(patch.o)) object[key] = apply(object[key], change);
  return object;
}
