/** Phone numbers as people write them. */

/** From E.164 to the international way of writing; what no plan of numbers knows stays as it came. */
export type WriteNumber = (e164: string) => string;

/** The tables are large: they are fetched on their own, beside all that has to be there first. */
export async function loadNumbers(): Promise<WriteNumber> {
  const { parsePhoneNumberFromString } = await import("libphonenumber-js/min");
  const written = new Map<string, string>();
  return (e164) => {
    let text = written.get(e164);
    if (text === undefined) {
      text = parsePhoneNumberFromString(e164)?.formatInternational() ?? e164;
      written.set(e164, text);
    }
    return text;
  };
}

/** Whether somebody who types part of a number means this one, however both are written. */
export function isPartOf(typed: string, number: string | undefined): boolean {
  const digits = typed.replace(/\D/gu, "");
  return (
    digits.length > 1 &&
    /^[+\d\s()./-]+$/u.test(typed) &&
    number?.replace(/\D/gu, "").includes(digits) === true
  );
}
