// How the key of a store is kept: 32 bytes, sealed by a key of the browser that no script can read
// out, and by what a PIN gives where one is asked for.

import type { KeyKeeping } from "./phone.js";
import { Unopenable } from "./files.js";

const DATABASE = "gridfold-phone";
const TABLE = "keys";

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What is kept of a store's key. */
export interface KeptKey {
  by: KeyKeeping["by"];
  /** The browser's key; none where the app keeps the store's key itself. */
  wrapping: CryptoKey | null;
  sealed: Sealed | null;
  salt: Uint8Array<ArrayBuffer> | null;
}

/** From a PIN and a salt to a key of 32 bytes. */
export type Derive = (pin: string, salt: Uint8Array) => Uint8Array<ArrayBuffer>;

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inTable<T>(
  mode: IDBTransactionMode,
  work: (table: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = await finished(opening);
  try {
    const change = database.transaction(TABLE, mode, { durability: "strict" });
    const whole = new Promise<void>((resolve, reject) => {
      change.oncomplete = () => resolve();
      change.onabort = () => reject(change.error);
    });
    const result = await finished(work(change.objectStore(TABLE)));
    await whole;
    return result;
  } finally {
    database.close();
  }
}

export function keptKey(name: string): Promise<KeptKey | undefined> {
  return inTable<KeptKey | undefined>("readonly", (table) => table.get(name));
}

export async function forgetKey(name: string): Promise<void> {
  await inTable("readwrite", (table) => table.delete(name));
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

async function seal(key: CryptoKey, plain: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = random(12);
  const bytes = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain);
  return { iv, bytes: new Uint8Array(bytes) };
}

async function unseal(key: CryptoKey, sealed: Sealed): Promise<Uint8Array<ArrayBuffer>> {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, key, sealed.bytes);
  return new Uint8Array(plain);
}

function imported(key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Both parts of what is sealed, as one. */
function joined(sealed: Sealed): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sealed.iv.length + sealed.bytes.length);
  out.set(sealed.iv);
  out.set(sealed.bytes, sealed.iv.length);
  return out;
}

function wrong(message: string): Unopenable {
  return new Unopenable({ code: "WrongKey", message });
}

/** Seals a store's key and puts it away, durably. */
export async function keep(
  name: string,
  key: Uint8Array<ArrayBuffer>,
  by: KeyKeeping,
  derive: Derive,
): Promise<void> {
  const kept: KeptKey = { by: by.by, wrapping: null, sealed: null, salt: null };
  if (by.by !== "App") {
    kept.wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]);
    let plain = key;
    if (by.by === "Pin") {
      kept.salt = random(16);
      plain = joined(await seal(await imported(derive(by.pin, kept.salt)), key));
    }
    kept.sealed = await seal(kept.wrapping, plain);
  }
  await inTable("readwrite", (table) => table.put(kept, name));
}

/** The key of a store; a new one where there is neither. */
export async function keyOf(
  name: string,
  isThere: boolean,
  by: KeyKeeping,
  derive: Derive,
): Promise<Uint8Array<ArrayBuffer>> {
  if (by.by === "App" && by.key.length !== 32) throw wrong("A key has 32 bytes.");
  const kept = await keptKey(name);
  if (!isThere) {
    // What a store that never was, or is no more, left of a key opens nothing.
    const key = by.by === "App" ? by.key.slice() : random(32);
    await keep(name, key, by, derive);
    return key;
  }
  if (kept === undefined) throw wrong("The browser no longer has the key of this store.");
  if (kept.by !== by.by) throw wrong(`The key of this store is kept by ${kept.by}.`);
  if (by.by === "App") return by.key.slice();
  if (kept.wrapping === null || kept.sealed === null) throw wrong("The kept key is not whole.");
  try {
    const plain = await unseal(kept.wrapping, kept.sealed);
    if (by.by !== "Pin" || kept.salt === null) return plain;
    const inner = { iv: plain.slice(0, 12), bytes: plain.slice(12) };
    return await unseal(await imported(derive(by.pin, kept.salt)), inner);
  } catch (error) {
    if (error instanceof DOMException) throw wrong("The key does not open: is the PIN right?");
    throw error;
  }
}
