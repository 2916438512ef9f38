// What page and worker tell each other.

import type { Credential, Given } from "./authenticator.js";
import type { KeyKeeping, Lost, PhoneErrorCode } from "./phone.js";

/** What the worker needs to open a store. */
export interface Opening {
  name: string;
  locale: string;
  key: KeyKeeping;
  existing: boolean;
  takeOver: boolean;
  /** Seconds between syncs and after a change; none for no syncs by itself. */
  autoSync: { intervalS: number; debounceS: number } | null;
}

export type ToWorker =
  /** `up`: whether there is a network, as the page has it: a worker just begun may not know yet. */
  | { type: "open"; module: WebAssembly.Module; opening: Opening; up: boolean }
  | { type: "call"; id: number; bytes: Uint8Array }
  | { type: "watch"; id: number; bytes: Uint8Array }
  | { type: "heard"; id: number }
  | { type: "unwatch"; id: number }
  | { type: "scan"; id: number; reader: number; bytes: Uint8Array }
  | { type: "unread"; reader: number }
  | { type: "keep"; id: number; key: KeyKeeping }
  /** What the worker asked the authenticator for. */
  | { type: "given"; id: number; answer: { given: Given } | { told: Told } }
  /** The page is seen again, or a sync is wanted soon. */
  | { type: "soon" }
  /** As the page hears it: not every browser tells its workers. */
  | { type: "network"; up: boolean }
  | { type: "close" };

/** An error as it is told; `bytes` are an error of the library. */
export interface Told {
  code: PhoneErrorCode;
  message: string;
}

export type FromWorker =
  | { type: "opened" }
  /** It could not be opened; with bytes for what the library says. */
  | { type: "unopened"; bytes: Uint8Array | null; told: Told | null }
  | { type: "answer"; id: number; bytes: Uint8Array }
  | { type: "refused"; id: number; told: Told }
  | { type: "event"; id: number; bytes: Uint8Array }
  /** Only a page may ask an authenticator; none for a new credential. */
  | { type: "asks"; id: number; credential: Credential | null; label: string }
  /** The library panicked there: this worker is of no more use. */
  | { type: "panicked"; at: string }
  /** Nothing syncs by itself any more: the store may be gone. */
  | { type: "over" }
  | { type: "lost"; why: Lost };
