// Values to bytes and back, as UniFFI's buffers have them: big-endian, variants counted from one.

/** A type as the schema names it. */
export type TypeCode = string | { option: TypeCode } | { list: TypeCode } | { map: TypeCode };

/** Name, type, and what is meant where it is left out. */
export type MemberSchema = [name: string, type: TypeCode, byDefault?: unknown];

/** A type with a name. */
export type TypeSchema =
  | { record: MemberSchema[] }
  | { names: string[] }
  | { union: [name: string, members: MemberSchema[]][] };

/** What a call takes and gives. */
export interface CallSchema {
  takes: MemberSchema[];
  gives: TypeCode | null;
}

export type Types = Record<string, TypeSchema>;

/** An argument is not what its type says. */
export class WrongArgument extends TypeError {
  constructor(
    /** Where, for example `operations[0].field`. */
    readonly at: string,
    wanted: string,
  ) {
    super(`${at} is not ${wanted}`);
    this.name = "WrongArgument";
  }
}

interface Range {
  bytes: 1 | 2 | 4 | 8;
  signed: boolean;
}

const NUMBERS: Record<string, Range> = {
  u8: { bytes: 1, signed: false },
  u16: { bytes: 2, signed: false },
  u32: { bytes: 4, signed: false },
  i32: { bytes: 4, signed: true },
  u64: { bytes: 8, signed: false },
  i64: { bytes: 8, signed: true },
};

function limits(of: Range): [number, number] {
  if (of.bytes === 8) return [of.signed ? Number.MIN_SAFE_INTEGER : 0, Number.MAX_SAFE_INTEGER];
  const all = 2 ** (of.bytes * 8);
  return of.signed ? [-all / 2, all / 2 - 1] : [0, all - 1];
}

/** Turns values into bytes. */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(readonly types: Types) {}

  taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  #room(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) {
      const more = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2));
      more.set(this.#bytes);
      this.#bytes = more;
      this.#view = new DataView(more.buffer);
    }
    return at;
  }

  #length(length: number): void {
    const at = this.#room(4);
    this.#view.setInt32(at, length);
  }

  #flag(value: number): void {
    const at = this.#room(1);
    this.#view.setInt8(at, value);
  }

  #raw(bytes: Uint8Array): void {
    this.#length(bytes.length);
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #number(code: string, value: unknown, at: string): void {
    const range = NUMBERS[code] as Range;
    const [least, most] = limits(range);
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      throw new WrongArgument(at, `a whole number from ${least} to ${most}`);
    }
    const place = this.#room(range.bytes);
    if (range.bytes === 8) this.#view.setBigInt64(place, BigInt(value));
    else if (range.bytes === 4) this.#view.setUint32(place, value >>> 0);
    else if (range.bytes === 2) this.#view.setUint16(place, value);
    else this.#view.setUint8(place, value);
  }

  write(code: TypeCode, value: unknown, at: string): void {
    if (typeof code === "object") {
      if ("option" in code) {
        const none = value === null || value === undefined;
        this.#flag(none ? 0 : 1);
        if (!none) this.write(code.option, value, at);
      } else if ("list" in code) {
        if (!Array.isArray(value)) throw new WrongArgument(at, "a list");
        this.#length(value.length);
        value.forEach((item, n) => this.write(code.list, item, `${at}[${n}]`));
      } else {
        if (typeof value !== "object" || value === null) throw new WrongArgument(at, "an object");
        const entries = Object.entries(value);
        this.#length(entries.length);
        for (const [key, item] of entries) {
          this.write("string", key, at);
          this.write(code.map, item, `${at}.${key}`);
        }
      }
      return;
    }
    if (code in NUMBERS) return this.#number(code, value, at);
    switch (code) {
      case "f64": {
        if (typeof value !== "number") throw new WrongArgument(at, "a number");
        const place = this.#room(8);
        this.#view.setFloat64(place, value);
        return;
      }
      case "bool":
        if (typeof value !== "boolean") throw new WrongArgument(at, "true or false");
        this.#flag(value ? 1 : 0);
        return;
      case "string":
        if (typeof value !== "string") throw new WrongArgument(at, "a text");
        this.#raw(new TextEncoder().encode(value));
        return;
      case "bytes":
        if (!(value instanceof Uint8Array)) throw new WrongArgument(at, "a Uint8Array");
        this.#raw(value);
        return;
    }
    this.#named(code, value, at);
  }

  #named(name: string, value: unknown, at: string): void {
    const type = this.types[name] as TypeSchema;
    if ("names" in type) {
      const n = type.names.indexOf(value as string);
      if (n < 0) throw new WrongArgument(at, `one of ${type.names.join(", ")}`);
      this.#length(n + 1);
      return;
    }
    if (typeof value !== "object" || value === null) throw new WrongArgument(at, `a ${name}`);
    const of = value as Record<string, unknown>;
    if ("record" in type) return this.members(type.record, of, `${at}.`);
    const n = type.union.findIndex(([variant]) => variant === of.type);
    const variant = type.union[n];
    if (variant === undefined) throw new WrongArgument(`${at}.type`, `a variant of ${name}`);
    this.#length(n + 1);
    this.members(variant[1], of, `${at}.`);
  }

  members(members: MemberSchema[], of: Record<string, unknown>, at: string): void {
    for (const [name, type, byDefault] of members) {
      const value = of[name];
      this.write(type, value === undefined ? byDefault : value, at + name);
    }
  }
}

/** Turns bytes into values. */
export class Reader {
  #view: DataView;
  #at = 0;

  constructor(
    readonly types: Types,
    readonly bytes: Uint8Array,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #pass(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  /** One byte. */
  flag(): number {
    return this.#view.getInt8(this.#pass(1));
  }

  #length(): number {
    return this.#view.getInt32(this.#pass(4));
  }

  #raw(): Uint8Array {
    const length = this.#length();
    const at = this.#pass(length);
    return this.bytes.subarray(at, at + length);
  }

  #number(range: Range): number {
    const at = this.#pass(range.bytes);
    if (range.bytes === 8) {
      const wide = range.signed ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at);
      const number = Number(wide);
      if (!Number.isSafeInteger(number)) throw new RangeError("a number past 2^53");
      return number;
    }
    if (range.bytes === 4) return range.signed ? this.#view.getInt32(at) : this.#view.getUint32(at);
    return range.bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint8(at);
  }

  read(code: TypeCode): unknown {
    if (typeof code === "object") {
      if ("option" in code) return this.flag() === 0 ? null : this.read(code.option);
      const length = this.#length();
      if ("list" in code) return Array.from({ length }, () => this.read(code.list));
      const entries = Array.from({ length }, () => [this.read("string"), this.read(code.map)]);
      return Object.fromEntries(entries);
    }
    const range = NUMBERS[code];
    if (range !== undefined) return this.#number(range);
    switch (code) {
      case "f64":
        return this.#view.getFloat64(this.#pass(8));
      case "bool":
        return this.flag() !== 0;
      case "string":
        return new TextDecoder().decode(this.#raw());
      case "bytes":
        return this.#raw().slice();
    }
    const type = this.types[code] as TypeSchema;
    if ("names" in type) return type.names[this.#length() - 1];
    if ("record" in type) return this.#members(type.record, {});
    const [name, members] = type.union[this.#length() - 1] as [string, MemberSchema[]];
    return this.#members(members, { type: name });
  }

  #members(members: MemberSchema[], out: Record<string, unknown>): Record<string, unknown> {
    for (const [name, type] of members) out[name] = this.read(type);
    return out;
  }
}
