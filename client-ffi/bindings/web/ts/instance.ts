// One instance of the library, and what the worker does for it.

import { Reader, Writer } from "./codec.js";
import { types } from "./schema.js";

/** What the library is called by; see `src/entry.rs`. */
interface Exports {
  memory: WebAssembly.Memory;
  room(length: number): number;
  open(at: number, length: number): void;
  call(id: number, at: number, length: number): void;
  watch(id: number, at: number, length: number): void;
  heard(watch: number): void;
  unwatch(watch: number): void;
  scan(id: number, reader: number, at: number, length: number): void;
  unread(reader: number): void;
  http_done(id: number, at: number, length: number): void;
  flushes(): number;
  plan(intervalS: number, debounceS: number, nowMs: number): void;
  plan_hears(what: number, nowMs: number): void;
  plan_goes_on(nowMs: number): number;
  plan_ended(nowMs: number): void;
  close(): void;
  derive(at: number, length: number): void;
}

/** What hears of the library. */
export interface Hearer {
  answered(id: number, bytes: Uint8Array<ArrayBuffer>): void;
  happened(watch: number, bytes: Uint8Array<ArrayBuffer>): void;
  panicked(at: string): void;
  /** The sync that the plan began has ended. */
  planned(over: boolean): void;
}

interface Request {
  method: string;
  baseUrl: string;
  path: string;
  headers: { name: string; value: string }[];
  body: Uint8Array<ArrayBuffer>;
}

/** Longest body of an answer. */
const MAX_BODY_BYTES = 32 << 20;
/** How long an answer may take to begin, in milliseconds. */
const ANSWER_WITHIN_MS = 60_000;

/** Normal forms of Unicode, as the library numbers them. */
const FORMS = ["NFC", "NFKC", "NFKD"];

export class Instance {
  readonly #exports: Exports;
  readonly #files: FileSystemSyncAccessHandle[];
  readonly #hearer: Hearer;
  readonly #asked = new Map<number, AbortController>();

  constructor(module: WebAssembly.Module, files: FileSystemSyncAccessHandle[], hearer: Hearer) {
    this.#files = files;
    this.#hearer = hearer;
    const made = new WebAssembly.Instance(module, { host: this.#host() });
    this.#exports = made.exports as unknown as Exports;
  }

  #memory(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#exports.memory.buffer as ArrayBuffer, at >>> 0, length);
  }

  #host(): WebAssembly.ModuleImports {
    const file = (slot: number, what: (file: FileSystemSyncAccessHandle) => number): number => {
      const of = this.#files[slot];
      if (of === undefined) return -1;
      try {
        return what(of);
      } catch (error) {
        return (error as Error).name === "QuotaExceededError" ? -2 : -1;
      }
    };
    return {
      file_read: (slot: number, at: number, to: number, length: number) =>
        file(slot, (of) => of.read(this.#memory(to, length), { at })),
      file_write: (slot: number, at: number, from: number, length: number) =>
        file(slot, (of) => of.write(this.#memory(from, length), { at })),
      file_flush: (slot: number) => file(slot, (of) => (of.flush(), 0)),
      file_truncate: (slot: number, length: number) => file(slot, (of) => (of.truncate(length), 0)),
      file_len: (slot: number) => file(slot, (of) => of.getSize()),
      normal: (form: number, from: number, length: number, to: number, room: number) => {
        const text = new TextDecoder().decode(this.#memory(from, length).slice());
        const bytes = new TextEncoder().encode(text.normalize(FORMS[form]));
        // Without room for it nothing is put there, and it is asked for again.
        if (bytes.length <= room) this.#memory(to, bytes.length).set(bytes);
        return bytes.length;
      },
      now_ms: () => Date.now(),
      random: (to: number, length: number) => {
        // No more than this at once.
        for (let at = 0; at < length; at += 65_536) {
          crypto.getRandomValues(this.#memory(to + at, Math.min(65_536, length - at)));
        }
      },
      panicked: (at: number, length: number) => {
        this.#hearer.panicked(new TextDecoder().decode(this.#memory(at, length).slice()));
      },
      http: (id: number, at: number, length: number) => {
        const request = new Reader(types, this.#memory(at, length).slice()).read("HttpRequest");
        void this.#fetch(id, request as Request);
      },
      http_abort: (id: number) => this.#asked.get(id)?.abort(),
      answer: (id: number, at: number, length: number) =>
        this.#hearer.answered(id, this.#memory(at, length).slice()),
      event: (watch: number, at: number, length: number) =>
        this.#hearer.happened(watch, this.#memory(at, length).slice()),
      planned: (over: number) => this.#hearer.planned(over !== 0),
    };
  }

  async #fetch(id: number, request: Request): Promise<void> {
    const abort = new AbortController();
    this.#asked.set(id, abort);
    const late = setTimeout(() => abort.abort("late"), ANSWER_WITHIN_MS);
    const reply = new Writer(types);
    let sent = false;
    try {
      const response = await fetch(request.baseUrl + request.path, {
        method: request.method,
        headers: request.headers.map(({ name, value }): [string, string] => [name, value]),
        ...(request.method === "GET" ? {} : { body: request.body }),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: abort.signal,
      });
      sent = true;
      const body = new Uint8Array(await response.arrayBuffer());
      if (body.length > MAX_BODY_BYTES) throw new Error("too long");
      const headers = [...response.headers].map(([name, value]) => ({ name, value }));
      reply.write("bool", false, "reply");
      reply.write("HttpReply", { status: response.status, headers, body }, "reply");
    } catch {
      const why = abort.signal.reason === "late" ? "Timeout" : sent ? "Interrupted" : "Unreachable";
      reply.write("bool", true, "reply");
      reply.write("TransportError", why, "reply");
    } finally {
      clearTimeout(late);
      this.#asked.delete(id);
    }
    if (!abort.signal.aborted || abort.signal.reason === "late") {
      this.#with(reply.taken(), (at, length) => this.#exports.http_done(id, at, length));
    }
  }

  /** A network is there again: what was asked over the one before is waited for in vain, up to a minute. */
  reconnected(): void {
    for (const abort of this.#asked.values()) abort.abort("late");
  }

  #with(bytes: Uint8Array, call: (at: number, length: number) => void): void {
    const at = this.#exports.room(bytes.length);
    this.#memory(at, bytes.length).set(bytes);
    call(at, bytes.length);
  }

  open(key: Uint8Array, locale: string, existing: boolean): void {
    const bytes = new Writer(types);
    bytes.write("bytes", key, "key");
    bytes.write("string", locale, "locale");
    bytes.write("bool", existing, "existing");
    this.#with(bytes.taken(), (at, length) => this.#exports.open(at, length));
  }

  call(id: number, bytes: Uint8Array): void {
    this.#with(bytes, (at, length) => this.#exports.call(id, at, length));
  }

  watch(id: number, bytes: Uint8Array): void {
    this.#with(bytes, (at, length) => this.#exports.watch(id, at, length));
  }

  scan(id: number, reader: number, bytes: Uint8Array): void {
    this.#with(bytes, (at, length) => this.#exports.scan(id, reader, at, length));
  }

  heard(watch: number): void {
    this.#exports.heard(watch);
  }

  unwatch(watch: number): void {
    this.#exports.unwatch(watch);
  }

  unread(reader: number): void {
    this.#exports.unread(reader);
  }

  /** How often something was made durable. */
  get flushes(): number {
    return this.#exports.flushes();
  }

  plan(intervalS: number, debounceS: number): void {
    this.#exports.plan(intervalS, debounceS, performance.now());
  }

  /** The network went (0) or came (1), or a sync is wanted (2). */
  planHears(what: 0 | 1 | 2): void {
    this.#exports.plan_hears(what, performance.now());
  }

  /** Milliseconds until a sync is due; 0 when one began, -1 when none is due. */
  planGoesOn(): number {
    return this.#exports.plan_goes_on(performance.now());
  }

  planEnded(): void {
    this.#exports.plan_ended(performance.now());
  }

  close(): void {
    this.#exports.close();
  }

  derive(pin: string, salt: Uint8Array): void {
    const bytes = new Writer(types);
    bytes.write("string", pin, "pin");
    bytes.write("bytes", salt, "salt");
    this.#with(bytes.taken(), (at, length) => this.#exports.derive(at, length));
  }
}

/** The key of 32 bytes that a PIN gives, in an instance of its own: what it costs in memory goes with it. */
export function derived(module: WebAssembly.Module, pin: string, salt: Uint8Array): Uint8Array<ArrayBuffer> {
  let given: Uint8Array<ArrayBuffer> | null = null;
  const instance = new Instance(module, [], {
    answered: (_, bytes) => {
      const reader = new Reader(types, bytes);
      if (reader.flag() === 0) given = reader.read("bytes") as Uint8Array<ArrayBuffer>;
    },
    happened: () => undefined,
    panicked: () => undefined,
    planned: () => undefined,
  });
  instance.derive(pin, salt);
  if (given === null) throw new Error("there is not enough memory for a PIN");
  return given;
}
