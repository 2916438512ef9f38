// The phone as the page has it: calls go to the worker, and a worker that crashed is replaced.

import { Authenticator } from "./authenticator.js";
import { Reader, WrongArgument, Writer } from "./codec.js";
import { removeAll } from "./files.js";
import { forgetKey } from "./keys.js";
import type { FromWorker, Opening, Told, ToWorker } from "./messages.js";
import type {
  CarryReader,
  KeyKeeping,
  Lost,
  Phone,
  PhoneErrorCode,
  PhoneState,
  Watching,
} from "./phone.js";
import { PhoneError } from "./phone.js";
import { calls, types } from "./schema.js";
import type { CarryScan, ClientError, ClientEvent, PhoneCalls, SyncReport, WatchTarget } from "./types.js";

/** So many crashes within so many milliseconds, and it is no use to begin again. */
const MAX_CRASHES = 3;
const CRASHES_WITHIN_MS = 60_000;

interface Pending {
  resolve(bytes: Uint8Array): void;
  reject(error: PhoneError): void;
}

interface Watched {
  target: Uint8Array;
  listener: (event: ClientEvent) => void;
}

/** What the library says, as an error. */
export function said(bytes: Uint8Array): PhoneError {
  const reader = new Reader(types, bytes);
  if (reader.flag() !== 1) return new PhoneError("Internal", "the library was asked for what it has not");
  const error = reader.read("ClientError") as ClientError;
  const message = error.type === "Rejected" ? error.reason : error.type;
  return new PhoneError(error.type, message, error);
}

function toldError(told: Told): PhoneError {
  return new PhoneError(told.code, told.message);
}

function lostError(why: Lost): PhoneError {
  const texts: Record<Lost["type"], string> = {
    Closed: "the phone was closed",
    TakenOver: "another tab has taken the store over",
    Vanished: "the browser's data of this site was cleared",
    Wiped: "the server had everything erased",
    Broken: "the library crashed again and again",
  };
  const code: PhoneErrorCode = why.type;
  return new PhoneError(code, texts[why.type], why.type === "Closed" ? { type: "Closed" } : null);
}

export interface OpenedPhone extends PhoneCalls {}

export class OpenedPhone implements Phone {
  #state: PhoneState = { type: "Restarting" };
  readonly #stateListeners = new Set<(state: PhoneState) => void>();
  #worker: Worker | null = null;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();
  readonly #watched = new Map<number, Watched>();
  /** Calls wait for it while there is no worker. */
  #open: Promise<void> = Promise.resolve();
  #opened: (() => void) | null = null;
  #crashes: number[] = [];
  #ended: Promise<void> | null = null;
  readonly #authenticator = new Authenticator();

  constructor(
    readonly module: WebAssembly.Module,
    private opening: Opening,
    readonly makeWorker: () => Worker,
  ) {}

  get storeName(): string {
    return this.opening.name;
  }

  get state(): PhoneState {
    return this.#state;
  }

  #set(state: PhoneState): void {
    this.#state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }

  onState(listener: (state: PhoneState) => void): Watching {
    this.#stateListeners.add(listener);
    return { stop: () => this.#stateListeners.delete(listener) };
  }

  onLost(listener: (why: Lost) => void): Watching {
    if (this.#state.type === "Lost") {
      const { why } = this.#state;
      queueMicrotask(() => listener(why));
      return { stop: () => undefined };
    }
    return this.onState((state) => {
      if (state.type === "Lost") listener(state.why);
    });
  }

  /** Opens the store for the first time. */
  async begin(): Promise<void> {
    for (;;) {
      const failed = await this.#start();
      if (failed === null) break;
      if (failed !== "crashed") throw failed;
      if (this.#crashed()) throw new PhoneError("Broken", "the library crashed while it was opened");
    }
    // From here on it opens what is there.
    this.opening = { ...this.opening, existing: true, takeOver: false };
    this.#set({ type: "Open" });
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener("online", this.#network);
    addEventListener("offline", this.#network);
    addEventListener("pagehide", this.#hidden);
    addEventListener("pageshow", this.#shown);
  }

  #crashed(): boolean {
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < CRASHES_WITHIN_MS), now];
    return this.#crashes.length > MAX_CRASHES;
  }

  /** Starts a worker and opens the store in it; gives what kept it from that. */
  #start(): Promise<PhoneError | "crashed" | null> {
    const worker = this.makeWorker();
    this.#worker = worker;
    return new Promise((resolve) => {
      let open = false;
      const crashed = (): void => {
        if (this.#worker !== worker) return;
        this.#drop();
        if (open) this.#restart();
        else resolve("crashed");
      };
      worker.onerror = (event) => {
        event.preventDefault();
        crashed();
      };
      worker.onmessageerror = crashed;
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (this.#worker !== worker) return;
        switch (data.type) {
          case "opened":
            open = true;
            this.#post({ type: "network", up: navigator.onLine });
            return resolve(null);
          case "unopened": {
            this.#drop();
            const error = data.bytes === null ? null : said(data.bytes);
            const told = data.told ?? { code: "Internal", message: "" };
            return resolve(error ?? toldError(told));
          }
          case "panicked":
            console.error(`gridfold: the library stopped at ${data.at}; a new one opens the store`);
            return crashed();
          case "answer":
            this.#take(data.id)?.resolve(data.bytes);
            return;
          case "refused":
            this.#take(data.id)?.reject(toldError(data.told));
            return;
          case "event":
            return this.#happened(data.id, data.bytes);
          case "asks":
            void this.#authenticator.give(data.credential, data.label).then((answer) => {
              if (this.#worker === worker) this.#post({ type: "given", id: data.id, answer });
            });
            return;
          case "over":
            void this.#isWiped();
            return;
          case "lost":
            return this.#lose(data.why);
        }
      };
      this.#post({ type: "open", module: this.module, opening: this.opening, up: navigator.onLine });
    });
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  /** Ends the worker, and what it has the person asked. */
  #drop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#authenticator.stop();
  }

  #rejectAll(error: PhoneError): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }

  #lose(why: Lost): void {
    if (this.#state.type === "Lost") return;
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("online", this.#network);
    removeEventListener("offline", this.#network);
    removeEventListener("pagehide", this.#hidden);
    removeEventListener("pageshow", this.#shown);
    this.#drop();
    this.#watched.clear();
    this.#set({ type: "Lost", why });
    this.#rejectAll(lostError(why));
    this.#opened?.();
  }

  /** Has calls wait until the store is open again. */
  #wait(state: PhoneState): void {
    if (this.#opened === null) {
      this.#open = new Promise((resolve) => (this.#opened = resolve));
    }
    this.#set(state);
    const message = "the library was restarted during this call; look whether it was done";
    this.#rejectAll(new PhoneError("Restarted", message));
  }

  #restart(): void {
    if (this.#state.type === "Lost") return;
    if (this.#crashed()) {
      return this.#lose({ type: "Broken", message: "the library crashed again and again" });
    }
    this.#wait({ type: "Restarting" });
    void this.#again();
  }

  async #again(): Promise<void> {
    const failed = await this.#start();
    if (this.#state.type === "Lost") return;
    if (failed === "crashed") return this.#restart();
    if (failed !== null) {
      if (failed.code === "InUse") return this.#lose({ type: "TakenOver" });
      if (failed.code === "NoStore") return this.#lose({ type: "Vanished", sent: false });
      return this.#lose({ type: "Broken", message: failed.message });
    }
    for (const [id, { target }] of this.#watched) {
      this.#post({ type: "watch", id, bytes: target });
    }
    this.#set({ type: "Open" });
    this.#opened?.();
    this.#opened = null;
  }

  #seen = (): void => {
    if (document.visibilityState === "visible") this.syncSoon();
  };

  #network = (event: Event): void => {
    this.#post({ type: "network", up: event.type === "online" });
  };

  /** The files must be free for another page, whether or not this one comes back. */
  #hidden = (): void => {
    this.#post({ type: "close" });
    this.#drop();
    this.#wait({ type: "Suspended" });
  };

  #shown = (event: PageTransitionEvent): void => {
    if (event.persisted && this.#state.type === "Suspended") void this.#again();
  };

  async #isWiped(): Promise<void> {
    try {
      await this.status();
    } catch (error) {
      if (error instanceof PhoneError && error.code === "NoStore") await this.#gone({ type: "Wiped" });
    }
  }

  /** Erases what an erased store leaves, and ends. */
  async #gone(why: Lost): Promise<void> {
    await this.#closed(why);
    await forgetKey(this.storeName);
    await removeAll(this.storeName);
  }

  /** Waits until the worker has let go of the files. */
  async #closed(why: Lost): Promise<void> {
    const worker = this.#worker;
    if (worker !== null) {
      await new Promise<void>((resolve) => {
        worker.onerror = () => resolve();
        worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
          if (data.type === "lost") resolve();
          else if (data.type === "answer") this.#take(data.id)?.resolve(data.bytes);
        };
        this.#post({ type: "close" });
      });
    }
    this.#lose(why);
  }

  /** Sends what `message` makes of a number, and waits for its answer. */
  async #ask(message: (id: number) => ToWorker): Promise<Uint8Array> {
    while (this.#state.type === "Restarting" || this.#state.type === "Suspended") await this.#open;
    if (this.#state.type === "Lost") throw lostError(this.#state.why);
    const id = this.#nextId++;
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    this.#post(message(id));
    const bytes = await answer;
    if (bytes[0] !== 0) throw said(bytes);
    return bytes;
  }

  /** Makes a call of the library. */
  async make(name: keyof PhoneCalls, given: unknown[]): Promise<unknown> {
    const schema = calls[name];
    if (schema === undefined) throw new WrongArgument(name, "a call");
    const bytes = new Writer(types);
    bytes.write("string", name, "name");
    const named = Object.fromEntries(schema.takes.map(([argument], n) => [argument, given[n]]));
    bytes.members(schema.takes, named, "");
    const answer = await this.#ask((id) => ({ type: "call", id, bytes: bytes.taken() }));
    if (schema.gives === null) {
      if (name === "wipe") await this.#gone({ type: "Closed" });
      return undefined;
    }
    const reader = new Reader(types, answer);
    reader.flag();
    const value = reader.read(schema.gives);
    if (name === "signOut") await this.#gone({ type: "Closed" });
    if (name === "sync" && (value as SyncReport).wiped) await this.#gone({ type: "Wiped" });
    return value;
  }

  #happened(id: number, bytes: Uint8Array): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    const event = new Reader(types, bytes).read("ClientEvent") as ClientEvent;
    try {
      watched.listener(event);
    } finally {
      this.#post({ type: "heard", id });
    }
  }

  async watch(target: WatchTarget, listener: (event: ClientEvent) => void): Promise<Watching> {
    const writer = new Writer(types);
    writer.write("WatchTarget", target, "target");
    const bytes = writer.taken();
    let number = 0;
    try {
      await this.#ask((id) => {
        number = id;
        this.#watched.set(id, { target: bytes, listener });
        return { type: "watch", id, bytes };
      });
    } catch (error) {
      this.#watched.delete(number);
      throw error;
    }
    return {
      stop: () => {
        if (this.#watched.delete(number)) this.#post({ type: "unwatch", id: number });
      },
    };
  }

  async carryReader(): Promise<CarryReader> {
    const reader = this.#nextId++;
    return {
      scan: async (frame) => {
        const bytes = new Writer(types);
        bytes.write("string", frame, "frame");
        const answer = await this.#ask((id) => ({ type: "scan", id, reader, bytes: bytes.taken() }));
        const scanned = new Reader(types, answer);
        scanned.flag();
        return scanned.read("CarryScan") as CarryScan;
      },
      close: () => this.#post({ type: "unread", reader }),
    };
  }

  syncSoon(): void {
    this.#post({ type: "soon" });
  }

  async keepKey(key: KeyKeeping): Promise<void> {
    await this.#ask((id) => ({ type: "keep", id, key }));
    // A restart opens it by what holds from now on.
    this.opening = { ...this.opening, key };
  }

  close(): Promise<void> {
    this.#ended ??= this.#closed({ type: "Closed" });
    return this.#ended;
  }
}

for (const name of Object.keys(calls) as (keyof PhoneCalls)[]) {
  Object.defineProperty(OpenedPhone.prototype, name, {
    value(this: OpenedPhone, ...given: unknown[]) {
      return this.make(name, given);
    },
  });
}
