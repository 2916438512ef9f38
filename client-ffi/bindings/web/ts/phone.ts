// What the package offers besides the calls of the library.

import type {
  AutoSyncSettings,
  CarryScan,
  ClientError,
  ClientEvent,
  PhoneCalls,
  WatchTarget,
} from "./types.js";

/** How the key of the store is kept on this device. What each protects is said in docs/guide-web.md. */
export type KeyKeeping =
  /** Sealed by a key of the browser that no script can read out. */
  | { by: "Browser" }
  /** Sealed by that and by a PIN, which is asked for at each opening. */
  | { by: "Pin"; pin: string }
  /**
   * Sealed by the browser's and by one that the device gives once it has known the person by finger, face or
   * screen lock (WebAuthn with PRF): at each opening, and when it is set. `label` is what the device lists
   * it as; the page's host when left out. Without that credential the store is lost.
   */
  | { by: "Authenticator"; label?: string }
  /** The app brings 32 bytes and keeps them itself. */
  | { by: "App"; key: Uint8Array };

export interface OpenOptions {
  /** Which store: letters, digits, `-` and `_`; `phone` when left out. */
  name?: string;
  /** The language of texts for people, as a language tag; the browser's when left out. */
  locale?: string;
  /** How the key is kept; by the browser when left out. A store that is there needs what it was made with. */
  key?: KeyKeeping;
  /** Fails with `NoStore` where there is none, instead of making one. */
  existing?: boolean;
  /** Asks the tab that has the store to let go of it, instead of failing with `InUse`. */
  takeOver?: boolean;
  /** When to sync by itself; `false` for never. */
  autoSync?: Partial<AutoSyncSettings> | false;
}

/** Why a phone is of no more use. Open it again, when the person wants to. */
export type Lost =
  /** The app closed it, signed out or wiped it. */
  | { type: "Closed" }
  /** Another tab was asked to take it over. */
  | { type: "TakenOver" }
  /** The browser's data of this site was cleared under the open app: what was not sent before is gone, but for what `sent` says. */
  | { type: "Vanished"; sent: boolean }
  /** The server had everything erased: the person or the device left. */
  | { type: "Wiped" }
  /** The library crashed again and again, or did not open again. What was acknowledged is on disk. */
  | { type: "Broken"; message: string };

/** How a phone stands. */
export type PhoneState =
  /** Calls are answered. */
  | { type: "Open" }
  /** The library crashed, and a new instance opens the store: calls wait for it. */
  | { type: "Restarting" }
  /** The page is put away by the browser; calls wait until it is shown again. */
  | { type: "Suspended" }
  /** Over. */
  | { type: "Lost"; why: Lost };

/** What a `PhoneError` may say: what the library says, or one of the browser's own. */
export type PhoneErrorCode =
  | ClientError["type"]
  /** The library crashed during this call. An edit may or may not have been stored: look before making it again. */
  | "Restarted"
  /** Another tab has taken the store over. */
  | "TakenOver"
  /** The store is gone: the site's data was cleared. What this call wrote is not on this device. */
  | "Vanished"
  /** The server had everything erased. */
  | "Wiped"
  /** The library crashed again and again, or did not open again. */
  | "Broken"
  /** This browser, or this window, has no private file system that lasts: see the message. */
  | "Unsupported"
  /** This browser, device or page has no authenticator that can keep a key: see the message. Nothing was changed. */
  | "NoAuthenticator"
  /** The device did not confirm the person: cancelled, run out, or the credential is not there any more; browsers do not tell which. Nothing was changed: ask again. */
  | "NotVerified";

/** Why a call did not do what it was asked to. */
export class PhoneError extends Error {
  override readonly name = "PhoneError";

  constructor(
    /** What the app does next depends on it. */
    readonly code: PhoneErrorCode,
    message: string,
    /** What the library says, with its fields: for example `error.type === "Rejected"` has the rule's `code`. */
    readonly error: ClientError | null = null,
  ) {
    super(message);
  }
}

/** What was asked to be told. */
export interface Watching {
  /** Tells nothing more. */
  stop(): void;
}

/** Puts scanned frames of a carry bundle together, in any order and with repetitions. */
export interface CarryReader {
  /** Takes one scanned text; anything else than a frame is passed over. */
  scan(frame: string): Promise<CarryScan>;
  /** Lets go of what was scanned. */
  close(): void;
}

/** A store that is open, and its way to the server. */
export interface Phone extends PhoneCalls {
  /** How it stands now. */
  readonly state: PhoneState;
  /** The name the store was opened by. */
  readonly storeName: string;
  /** Tells each change of `state`. */
  onState(listener: (state: PhoneState) => void): Watching;
  /** Tells once when the phone is of no more use; at once when it is so already. */
  onLost(listener: (why: Lost) => void): Watching;
  /** Tells what happens, from now on; goes on after a restart. What happens before the listener has returned is merged. */
  watch(target: WatchTarget, listener: (event: ClientEvent) => void): Promise<Watching>;
  /** A reader for the frames of one bundle. */
  carryReader(): Promise<CarryReader>;
  /** Syncs soon, as if the network had come back. */
  syncSoon(): void;
  /**
   * Changes how the key is kept; the store stays as it is. Until it resolves the key is kept as before, also
   * where it fails with `NoAuthenticator` or `NotVerified`. For an authenticator call it from a click.
   */
  keepKey(by: KeyKeeping): Promise<void>;
  /** Ends syncs and watches, and releases the store. */
  close(): Promise<void>;
}

/** What is known of a store without opening it. */
export interface StoreInfo {
  /** Whether there is one. */
  exists: boolean;
  /** How its key is kept: whether a PIN must be asked for, or the device will ask. */
  key: KeyKeeping["by"] | null;
  /** Whether the browser has promised not to throw the site's data away by itself. */
  persisted: boolean;
}
