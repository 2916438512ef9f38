// Opening a store: what an app calls first.

import { isThere, removeAll, Unopenable } from "./files.js";
import { forgetKey, keptKey } from "./keys.js";
import type { Opening } from "./messages.js";
import { OpenedPhone } from "./opened.js";
import type { OpenOptions, Phone, StoreInfo } from "./phone.js";
import { PhoneError } from "./phone.js";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

let compiled: Promise<WebAssembly.Module> | null = null;

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(new URL("./gridfold.wasm", import.meta.url));
  if (!response.ok) throw new PhoneError("Offline", `the library cannot be had: ${response.status}`);
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

function library(): Promise<WebAssembly.Module> {
  compiled ??= compile().catch((error: unknown) => {
    compiled = null;
    throw error;
  });
  return compiled;
}

function checked(name: string): string {
  if (!NAME.test(name)) throw new TypeError("a store's name has letters, digits, - and _, 64 at most");
  return name;
}

async function said<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unopenable) throw new PhoneError(error.told.code, error.told.message);
    throw error;
  }
}

/**
 * Opens the store, or makes one where there is none.
 *
 * Fails with: `InUse` while another tab has it, `WrongKey` for a wrong PIN or a key that is gone,
 * `NotVerified` and `NoAuthenticator` where the device is asked, `NoStore`, `DamagedStore`,
 * `StorageFull`, `UpdateRequired`, `Unsupported`, `Broken`.
 */
export async function openPhone(options: OpenOptions = {}): Promise<Phone> {
  const auto = options.autoSync ?? {};
  const opening: Opening = {
    name: checked(options.name ?? "phone"),
    locale: options.locale ?? navigator.language,
    key: options.key ?? { by: "Browser" },
    existing: options.existing ?? false,
    takeOver: options.takeOver ?? false,
    autoSync:
      auto === false ? null : { intervalS: auto.intervalS ?? 900, debounceS: auto.debounceS ?? 2 },
  };
  const makeWorker = (): Worker =>
    new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const phone = new OpenedPhone(await library(), opening, makeWorker);
  await phone.begin();
  return phone;
}

/** What is known of a store without opening it. */
export function storeInfo(name = "phone"): Promise<StoreInfo> {
  return said(async () => ({
    exists: await isThere(checked(name)),
    key: (await keptKey(name))?.by ?? null,
    persisted: (await navigator.storage.persisted?.()) ?? false,
  }));
}

/** Erases a store that is not open, whatever its key: first the key, then the files. */
export function wipeStore(name = "phone"): Promise<void> {
  return said(async () => {
    const lock = `gridfold-phone:${checked(name)}`;
    // One that was just closed is let go of a moment later.
    const options = { signal: AbortSignal.timeout(500) };
    let taken = false;
    const wiping = navigator.locks.request(lock, options, async () => {
      taken = true;
      await forgetKey(name);
      await removeAll(name);
    });
    await wiping.catch((error: unknown) => {
      if (taken) throw error;
      throw new PhoneError("InUse", "another tab has the store open");
    });
  });
}
