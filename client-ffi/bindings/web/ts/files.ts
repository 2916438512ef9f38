// The files of a store in the browser's private file system.

import type { Told } from "./messages.js";

/** Files of one store, by number; the library's pool (`client-ffi/src/disk/pool.rs`) says what is in which. */
const FILES = 13;
const FOLDER = "gridfold";
/** How long the files may be another's after its tab is gone, in milliseconds. */
const FREE_WITHIN_MS = 3_000;
/** How long the folder may take to find a file before it is asked for from the root, in milliseconds. */
const FOUND_WITHIN_MS = 250;

/** What keeps a store from being opened, as it is told. */
export class Unopenable extends Error {
  constructor(readonly told: Told) {
    super(told.message);
  }
}

function named(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : "";
}

async function root(): Promise<FileSystemDirectoryHandle> {
  if (navigator.storage?.getDirectory === undefined) {
    throw new Unopenable({
      code: "Unsupported",
      message: "This page has no private file system: it needs HTTPS and a browser of 2023 or newer.",
    });
  }
  try {
    return await navigator.storage.getDirectory();
  } catch {
    throw new Unopenable({
      code: "Unsupported",
      message: "This window keeps nothing: open the page in one that is not private.",
    });
  }
}

/** The folder of a store; none where there is none and none is to be made. */
export async function folder(name: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
  const top = await root();
  try {
    const all = await top.getDirectoryHandle(FOLDER, { create });
    return await all.getDirectoryHandle(name, { create });
  } catch (error) {
    if (named(error) === "NotFoundError" && !create) return null;
    throw error;
  }
}

/** Whether something of a store is there. */
export async function isThere(name: string): Promise<boolean> {
  const place = await folder(name, false);
  if (place === null) return false;
  try {
    const file = await (await place.getFileHandle("0")).getFile();
    return file.size > 0;
  } catch (error) {
    if (named(error) === "NotFoundError") return false;
    // Another tab has it open.
    return true;
  }
}

/** Opens all files of a store for this worker alone. */
export async function openAll(place: FileSystemDirectoryHandle): Promise<FileSystemSyncAccessHandle[]> {
  const until = performance.now() + FREE_WITHIN_MS;
  for (;;) {
    const open: FileSystemSyncAccessHandle[] = [];
    try {
      for (let slot = 0; slot < FILES; slot++) {
        const file = await place.getFileHandle(String(slot), { create: true });
        if (file.createSyncAccessHandle === undefined) {
          throw new Unopenable({
            code: "Unsupported",
            message: "This browser cannot write its private file system: it needs a newer one.",
          });
        }
        open.push(await file.createSyncAccessHandle());
      }
      return open;
    } catch (error) {
      for (const file of open) file.close();
      if (error instanceof Unopenable) throw error;
      if (named(error) === "QuotaExceededError") {
        throw new Unopenable({ code: "StorageFull", message: "The storage of this device is full." });
      }
      // Browsers name a file that is another's differently.
      if (performance.now() > until) {
        throw new Unopenable({ code: "InUse", message: "The store is open elsewhere." });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Whether the files under the open ones were taken away. */
export async function vanished(name: string, place: FileSystemDirectoryHandle): Promise<boolean> {
  // One question while all is well. What was opened before the site's data was cleared may answer
  // never again: then it is asked from the root, which costs four.
  let late: ReturnType<typeof setTimeout> | undefined;
  const found = await Promise.race([
    place.getFileHandle("0").then(
      () => true,
      () => false,
    ),
    new Promise<boolean>((resolve) => (late = setTimeout(resolve, FOUND_WITHIN_MS, false))),
  ]);
  clearTimeout(late);
  if (found) return false;
  try {
    const top = await navigator.storage.getDirectory();
    const all = await top.getDirectoryHandle(FOLDER);
    await (await all.getDirectoryHandle(name)).getFileHandle("0");
    return false;
  } catch (error) {
    return named(error) === "NotFoundError";
  }
}

/** Removes the files of a store that nobody has open. */
export async function removeAll(name: string): Promise<void> {
  const top = await root();
  try {
    const all = await top.getDirectoryHandle(FOLDER);
    await all.removeEntry(name, { recursive: true });
  } catch (error) {
    if (named(error) !== "NotFoundError") throw error;
  }
}
