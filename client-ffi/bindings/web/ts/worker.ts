// The worker that has the store: one instance of the library, the files, and the lock.

import type { Given } from "./authenticator.js";
import { Writer } from "./codec.js";
import { derived, Instance } from "./instance.js";
import { folder, isThere, openAll, Unopenable, vanished } from "./files.js";
import { keyOf, putAway, sealedKey, type Ways } from "./keys.js";
import type { FromWorker, Opening, Told, ToWorker } from "./messages.js";
import type { Lost } from "./phone.js";
import { types } from "./schema.js";

/** How long the tab that has the store may take to let go of it, in milliseconds. */
const LET_GO_WITHIN_MS = 10_000;
/** How long a lock may still be held by a tab that has closed its store, in milliseconds. */
const FREE_WITHIN_MS = 500;
/** How long what waits may take to be sent when the store has vanished, in milliseconds. */
const RESCUE_WITHIN_MS = 15_000;
/** The call that sends it; no call of the page has its number. */
const RESCUE = 0x7fff_ffff;

/** What is open in this worker. */
class Opened {
  instance!: Instance;
  key!: Uint8Array<ArrayBuffer>;
  readonly channel: BroadcastChannel;
  /** Answers wait for it: whether the files are still there. */
  #checked: Promise<void> | null = null;
  #flushes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #up = true;
  #rescued: ((bytes: Uint8Array) => void) | null = null;
  #over = false;

  constructor(
    readonly module: WebAssembly.Module,
    readonly opening: Opening,
    readonly place: FileSystemDirectoryHandle,
    readonly files: FileSystemSyncAccessHandle[],
    readonly letGo: () => void,
  ) {
    this.channel = new BroadcastChannel(`gridfold-phone:${opening.name}`);
    this.channel.onmessage = ({ data }) => {
      if (data === "let go") this.end({ type: "TakenOver" });
    };
  }

  /** Whether it ended: another may have the store. */
  get over(): boolean {
    return this.#over;
  }

  /** Opens the store; its answer is that of call 0. */
  start(): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.instance = new Instance(this.module, this.files, {
        answered: (id, bytes) => {
          if (id === 0) resolve(bytes);
          else if (id === RESCUE) this.#rescued?.(bytes);
          else this.#answer({ type: "answer", id, bytes });
        },
        happened: (id, bytes) => tell({ type: "event", id, bytes }, [bytes.buffer]),
        panicked: (at) => tell({ type: "panicked", at }),
        planned: (over) => queueMicrotask(() => this.#planned(over)),
      });
      this.instance.open(this.key, this.opening.locale, this.opening.existing);
    });
  }

  /** Answers, once it is known that what was written is in files that are there. */
  #answer(message: Extract<FromWorker, { type: "answer" }>): void {
    const flushes = this.instance.flushes;
    // A call that failed may have failed because the files are gone.
    if (flushes !== this.#flushes || message.bytes[0] === 1) {
      this.#flushes = flushes;
      const before = this.#checked ?? Promise.resolve();
      const checked = before.then(() => this.#check());
      this.#checked = checked;
      void checked.then(() => {
        if (this.#checked === checked) this.#checked = null;
      });
    }
    const answer = (): void => {
      if (this.#over) return;
      tell(message, [message.bytes.buffer as ArrayBuffer]);
      this.drive();
    };
    if (this.#checked === null) answer();
    else void this.#checked.then(answer);
  }

  async #check(): Promise<void> {
    if (this.#over || !(await vanished(this.opening.name, this.place))) return;
    this.#over = true;
    clearTimeout(this.#timer);
    // The files are open and can still be read: what waits can still be sent.
    const sent = await this.#rescue();
    this.#over = false;
    this.end({ type: "Vanished", sent });
  }

  async #rescue(): Promise<boolean> {
    const bytes = new Writer(types);
    bytes.write("string", "sync", "name");
    bytes.write("SyncSettings", {}, "settings");
    const answered = new Promise<boolean>((resolve) => {
      this.#rescued = (answer) => resolve(answer[0] === 0);
      setTimeout(() => resolve(false), RESCUE_WITHIN_MS);
    });
    this.instance.call(RESCUE, bytes.taken());
    return answered;
  }

  /** Goes on with the plan: a sync begins, or a timer. */
  drive = (): void => {
    if (this.#over || this.opening.autoSync === null) return;
    clearTimeout(this.#timer);
    const wait = this.instance.planGoesOn();
    if (wait > 0) this.#timer = setTimeout(this.drive, Math.min(wait, 0x7fff_ffff));
  };

  hear(what: 0 | 1 | 2): void {
    if (this.#over || this.opening.autoSync === null) return;
    this.instance.planHears(what);
    this.drive();
  }

  network(up: boolean): void {
    if (this.#over || this.#up === up) return;
    this.#up = up;
    this.hear(up ? 1 : 0);
    // The plan tries again as soon as what is given up here has ended.
    if (up) this.instance.reconnected();
  }

  async #planned(over: boolean): Promise<void> {
    if (this.#over) return;
    if (this.instance.flushes !== this.#flushes) {
      this.#flushes = this.instance.flushes;
      await this.#check();
      if (this.#over) return;
    }
    this.instance.planEnded();
    if (over) tell({ type: "over" });
    this.drive();
  }

  /** Ends all of it and says why. */
  end(why: Lost): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    if (why.type === "Vanished") {
      // Chromium never returns from closing a file that was taken away: the page ends this worker.
      return tell({ type: "lost", why });
    }
    try {
      this.instance.close();
    } finally {
      for (const file of this.files) file.close();
      this.channel.close();
      this.letGo();
      tell({ type: "lost", why });
    }
  }
}

let opened: Opened | null = null;

function tell(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

/** Takes the lock of a store; gives what lets go of it. */
async function locked(name: string, takeOver: boolean): Promise<() => void> {
  const lock = `gridfold-phone:${name}`;
  const within = (ms: number): Promise<(() => void) | null> =>
    new Promise((resolve) => {
      const options = { signal: AbortSignal.timeout(ms) };
      const asked = navigator.locks.request(lock, options, () => new Promise<void>(resolve));
      asked.catch(() => resolve(null));
    });
  const free = await within(FREE_WITHIN_MS);
  if (free !== null) return free;
  if (takeOver) {
    const channel = new BroadcastChannel(lock);
    channel.postMessage("let go");
    channel.close();
    const taken = await within(LET_GO_WITHIN_MS);
    if (taken !== null) return taken;
  }
  throw new Unopenable({ code: "InUse", message: "Another tab has the store open." });
}

/** What the page was asked for and has not given yet. */
const asked = new Map<number, (answer: { given: Given } | { told: Told }) => void>();
let lastAsked = 0;

function ways(module: WebAssembly.Module): Ways {
  return {
    pin: (pin, salt) => derived(module, pin, salt),
    authenticator: (credential, label) =>
      new Promise((resolve, reject) => {
        const id = ++lastAsked;
        asked.set(id, (answer) => {
          if ("given" in answer) resolve(answer.given);
          else reject(new Unopenable(answer.told));
        });
        tell({ type: "asks", id, credential, label });
      }),
  };
}

async function open(module: WebAssembly.Module, opening: Opening, up: boolean): Promise<void> {
  const { name } = opening;
  // Says what this page lacks before anything else is asked for.
  await folder(name, false);
  const letGo = await locked(name, opening.takeOver);
  let files: FileSystemSyncAccessHandle[] = [];
  try {
    const there = await isThere(name);
    if (!there && opening.existing) {
      throw new Unopenable({ code: "NoStore", message: "There is no store here." });
    }
    const key = await keyOf(name, there, opening.key, ways(module));
    const place = await folder(name, true);
    if (place === null) throw new Error("no folder");
    files = await openAll(place);
    const here = new Opened(module, opening, place, files, letGo);
    here.key = key;
    let bytes: Uint8Array;
    try {
      bytes = await here.start();
    } catch {
      // Nothing of this worker is of use any more.
      return tell({ type: "panicked", at: "open" });
    }
    if (bytes[0] !== 0) {
      here.channel.close();
      for (const file of files) file.close();
      letGo();
      return tell({ type: "unopened", bytes, told: null });
    }
    opened = here;
    tell({ type: "opened" });
    if (opening.autoSync !== null) {
      here.instance.plan(opening.autoSync.intervalS, opening.autoSync.debounceS);
      if (up) here.drive();
      else here.network(false);
    }
  } catch (error) {
    for (const file of files) file.close();
    letGo();
    throw error;
  }
}

async function keepAnew(id: number, key: Extract<ToWorker, { type: "keep" }>["key"]): Promise<void> {
  const here = opened;
  if (here === null) return;
  try {
    if (key.by === "App" && !key.key.every((byte, n) => byte === here.key[n])) {
      throw new Unopenable({ code: "WrongKey", message: "That is not the key of this store." });
    }
    const kept = await sealedKey(here.key, key, ways(here.module));
    // The person may have taken long: the store may be another's, with a key of its own.
    if (here.over) return;
    await putAway(here.opening.name, kept);
    tell({ type: "answer", id, bytes: new Uint8Array([0]) });
  } catch (error) {
    const told = error instanceof Unopenable ? error.told : null;
    tell({
      type: "refused",
      id,
      told: told ?? { code: "KeyUnavailable", message: "The key could not be put away." },
    });
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>): void => {
  switch (data.type) {
    case "open":
      open(data.module, data.opening, data.up).catch((error: unknown) => {
        const told = error instanceof Unopenable ? error.told : null;
        const message = error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
        tell({ type: "unopened", bytes: null, told: told ?? { code: "Internal", message } });
      });
      return;
    case "call":
      return opened?.instance.call(data.id, data.bytes);
    case "watch":
      return opened?.instance.watch(data.id, data.bytes);
    case "heard":
      return opened?.instance.heard(data.id);
    case "unwatch":
      return opened?.instance.unwatch(data.id);
    case "scan":
      return opened?.instance.scan(data.id, data.reader, data.bytes);
    case "unread":
      return opened?.instance.unread(data.reader);
    case "keep":
      void keepAnew(data.id, data.key);
      return;
    case "given":
      asked.get(data.id)?.(data.answer);
      asked.delete(data.id);
      return;
    case "soon":
      return opened?.hear(2);
    case "network":
      return opened?.network(data.up);
    case "close":
      return opened?.end({ type: "Closed" });
  }
};

self.addEventListener("online", () => opened?.network(true));
self.addEventListener("offline", () => opened?.network(false));
