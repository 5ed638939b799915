/**
 * As much of the protobuf wire format as OMEMO needs: varints and byte strings. Strict: a known field twice, a wrong
 * type, a number beyond 32 bits, a length beyond the input or more than 32 fields make the whole message malformed.
 * Unknown fields are skipped (protobuf's rule for later versions).
 */

import { concat } from "./bytes.ts";
import { malformed } from "./errors.ts";

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const MAX_FIELDS = 32;
const UINT32 = 2 ** 32;

/** Field numbers to values, as read. */
export class Fields {
  readonly #numbers = new Map<number, number>();
  readonly #bytes = new Map<number, Uint8Array>();

  /** @param shape which fields are known, and their types */
  constructor(input: Uint8Array, shape: Readonly<Record<number, "uint32" | "bytes">>) {
    const reader = new Reader(input);
    for (let count = 0; !reader.done; count++) {
      if (count === MAX_FIELDS) throw malformed("too many protobuf fields");
      const tag = reader.varint();
      const field = Math.floor(tag / 8);
      const type = tag % 8;
      if (field === 0) throw malformed("protobuf field 0");
      const known = shape[field];
      if (known === undefined) reader.skip(type);
      else if (known === "uint32" && type === VARINT) set(this.#numbers, field, reader.varint());
      else if (known === "bytes" && type === BYTES) set(this.#bytes, field, reader.bytes());
      else throw malformed(`protobuf field ${field} has the wrong type`);
    }
  }

  uint32(field: number): number {
    const value = this.#numbers.get(field);
    if (value === undefined) throw malformed(`protobuf field ${field} is missing`);
    return value;
  }

  optionalUint32(field: number): number | undefined {
    return this.#numbers.get(field);
  }

  bytes(field: number, length?: number): Uint8Array {
    const value = this.#bytes.get(field);
    if (value === undefined) throw malformed(`protobuf field ${field} is missing`);
    if (length !== undefined && value.length !== length)
      throw malformed(`protobuf field ${field} has the wrong length`);
    return value;
  }
}

function set<T>(fields: Map<number, T>, field: number, value: T): void {
  if (fields.has(field)) throw malformed(`protobuf field ${field} twice`);
  fields.set(field, value);
}

class Reader {
  readonly #input: Uint8Array;
  #at = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  get done(): boolean {
    return this.#at >= this.#input.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#input[this.#at++];
      if (byte === undefined) throw malformed("protobuf ends within a number");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value >= UINT32) break;
        return value;
      }
    }
    throw malformed("protobuf number beyond 32 bits");
  }

  bytes(): Uint8Array {
    return this.#take(this.varint());
  }

  skip(type: number): void {
    if (type === VARINT) this.varint();
    else if (type === FIXED64) this.#take(8);
    else if (type === BYTES) this.bytes();
    else if (type === FIXED32) this.#take(4);
    else throw malformed(`protobuf type ${type}`);
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#input.length) throw malformed("protobuf ends within a field");
    const taken = this.#input.slice(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** Encodes fields in the order given. */
export function encode(
  fields: readonly (readonly [field: number, value: number | Uint8Array])[],
): Uint8Array {
  return concat(
    ...fields.flatMap(([field, value]) =>
      typeof value === "number"
        ? [varint(field * 8 + VARINT), varint(value)]
        : [varint(field * 8 + BYTES), varint(value.length), value],
    ),
  );
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
