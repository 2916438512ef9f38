// How the key of a store is kept: 32 bytes, sealed by a key of the browser that no script can read
// out, and by what a PIN or an authenticator gives where one is asked for.

import type { Credential, Given } from "./authenticator.js";
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
  /** Of a PIN, or of an authenticator. */
  salt: Uint8Array<ArrayBuffer> | null;
  /** Which of the authenticator's credentials gives the key; not there in what was kept before there were any. */
  credential?: Uint8Array<ArrayBuffer>;
}

/** What gives the key that seals a store's key once more. */
export interface Ways {
  /** From a PIN and a salt to a key of 32 bytes. */
  pin(pin: string, salt: Uint8Array): Uint8Array<ArrayBuffer>;
  /** The key of a credential, or of a new one. */
  authenticator(credential: Credential | null, label: string): Promise<Given>;
}

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

function parted(bytes: Uint8Array<ArrayBuffer>): Sealed {
  return { iv: bytes.slice(0, 12), bytes: bytes.slice(12) };
}

function wrong(message: string): Unopenable {
  return new Unopenable({ code: "WrongKey", message });
}

/** A store's key, sealed as it is to be kept; nothing is put away. */
export async function sealedKey(key: Uint8Array<ArrayBuffer>, by: KeyKeeping, ways: Ways): Promise<KeptKey> {
  const kept: KeptKey = { by: by.by, wrapping: null, sealed: null, salt: null };
  if (by.by === "App") return kept;
  kept.wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  let plain = key;
  if (by.by === "Pin") {
    kept.salt = random(16);
    plain = joined(await seal(await imported(ways.pin(by.pin, kept.salt)), key));
  } else if (by.by === "Authenticator") {
    const given = await ways.authenticator(null, by.label ?? "");
    kept.salt = given.salt;
    kept.credential = given.id;
    plain = joined(await seal(given.key, key));
  }
  kept.sealed = await seal(kept.wrapping, plain);
  return kept;
}

/** Puts it away, durably, in place of what was kept before. */
export async function putAway(name: string, kept: KeptKey): Promise<void> {
  await inTable("readwrite", (table) => table.put(kept, name));
}

/** The key of what was kept by the way it is kept. */
async function opened(kept: KeptKey, by: KeyKeeping, ways: Ways): Promise<Uint8Array<ArrayBuffer>> {
  const { wrapping, sealed, salt, credential } = kept;
  if (wrapping === null || sealed === null) throw wrong("The kept key is not whole.");
  const plain = await unseal(wrapping, sealed);
  if (by.by === "Pin" && salt !== null) {
    return unseal(await imported(ways.pin(by.pin, salt)), parted(plain));
  }
  if (by.by === "Authenticator") {
    if (salt === null || credential === undefined) throw wrong("The kept key is not whole.");
    const given = await ways.authenticator({ id: credential, salt }, by.label ?? "");
    return unseal(given.key, parted(plain));
  }
  return plain;
}

/** The key of a store; a new one where there is neither. */
export async function keyOf(
  name: string,
  isThere: boolean,
  by: KeyKeeping,
  ways: Ways,
): Promise<Uint8Array<ArrayBuffer>> {
  if (by.by === "App" && by.key.length !== 32) throw wrong("A key has 32 bytes.");
  const kept = await keptKey(name);
  if (!isThere) {
    // What a store that never was, or is no more, left of a key opens nothing.
    const key = by.by === "App" ? by.key.slice() : random(32);
    await putAway(name, await sealedKey(key, by, ways));
    return key;
  }
  if (kept === undefined) throw wrong("The browser no longer has the key of this store.");
  if (kept.by !== by.by) throw wrong(`The key of this store is kept by ${kept.by}.`);
  if (by.by === "App") return by.key.slice();
  try {
    return await opened(kept, by, ways);
  } catch (error) {
    if (error instanceof DOMException) {
      throw wrong(`The key does not open${by.by === "Pin" ? ": is the PIN right?" : "."}`);
    }
    throw error;
  }
}
