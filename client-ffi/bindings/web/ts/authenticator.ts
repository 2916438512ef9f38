// The key that an authenticator of this device gives: WebAuthn's PRF, which only a page may ask for.
// No server looks at what is signed here, so a challenge is any bytes; the PRF's bytes are what counts.

import type { Told } from "./messages.js";

/** What is kept of a credential, beside what its key seals. */
export interface Credential {
  id: Uint8Array<ArrayBuffer>;
  /** What its PRF is given. */
  salt: Uint8Array<ArrayBuffer>;
}

/** A credential, and the key that it gives. */
export interface Given extends Credential {
  key: CryptoKey;
}

/** How long the person may take, in milliseconds. */
const WITHIN_MS = 60_000;
const INFO = "gridfold: what seals a store's key, 1";

/** Why an authenticator gave no key, as it is told. */
class Withheld extends Error {
  constructor(readonly told: Told) {
    super(told.message);
  }
}

const none = (why: string): Withheld => new Withheld({ code: "NoAuthenticator", message: why });

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** Whether this device may keep a key by its authenticator. Only making one shows whether it can. */
export async function hasAuthenticator(): Promise<boolean> {
  const kind = globalThis.PublicKeyCredential;
  if (kind === undefined) return false;
  try {
    if (!(await kind.isUserVerifyingPlatformAuthenticatorAvailable())) return false;
    // A browser that does not say may have it all the same.
    return (await kind.getClientCapabilities?.())?.["extension:prf"] !== false;
  } catch {
    return false;
  }
}

async function fromPrf(bytes: ArrayBuffer): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode(INFO);
  const way = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return crypto.subtle.deriveKey(way, secret, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}

/** What the PRF gave, where it gave something. */
function prfOf(credential: PublicKeyCredential): { enabled: boolean; bytes: ArrayBuffer | null } {
  const prf = credential.getClientExtensionResults().prf;
  const first = prf?.results?.first;
  return { enabled: prf?.enabled === true, bytes: first instanceof ArrayBuffer ? first : null };
}

/** What a browser threw, as it is told. Cancelled, run out and no longer there are one to it. */
function told(error: unknown): Told {
  if (error instanceof Withheld) return error.told;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "unknown";
  switch (name) {
    case "SecurityError":
      return none("An authenticator needs a page with a host name, not an address.").told;
    case "NotSupportedError":
    case "ConstraintError":
      return none(`This device's authenticator cannot keep a key: ${name}.`).told;
    default:
      return {
        code: "NotVerified",
        message: `The device did not confirm the person, or no longer has the credential: ${name}.`,
      };
  }
}

/** The authenticator as one phone asks it. */
export class Authenticator {
  /** What it gave: a library that is restarted does not ask the person again. */
  #known: Given | null = null;
  #asking: AbortController | null = null;

  /** The key of a credential, or of a new one that the device calls `label`. */
  async give(credential: Credential | null, label: string): Promise<{ given: Given } | { told: Told }> {
    const known = this.#known;
    if (
      known !== null &&
      credential !== null &&
      same(known.id, credential.id) &&
      same(known.salt, credential.salt)
    ) {
      return { given: known };
    }
    try {
      if (!(await hasAuthenticator())) {
        throw none("This browser or device has no authenticator that knows the person and keeps a key.");
      }
      const given = credential === null ? await this.#make(label) : await this.#ask(credential);
      this.#known = given;
      return { given };
    } catch (error) {
      return { told: told(error) };
    }
  }

  /** Takes the question from the screen: nobody waits for it. */
  stop(): void {
    this.#asking?.abort();
  }

  #signal(): AbortSignal {
    this.#asking = new AbortController();
    return this.#asking.signal;
  }

  async #make(label: string): Promise<Given> {
    const salt = random(32);
    const name = label || location.hostname;
    const made = await navigator.credentials.create({
      signal: this.#signal(),
      publicKey: {
        rp: { name: location.hostname },
        // Of its own each time: a device overwrites a credential for the same one, and the store may
        // still be sealed by that.
        user: { id: random(32), name, displayName: name },
        challenge: random(32),
        pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: {
          authenticatorAttachment: "platform",
          // Android has a PRF only for those that the device can find by itself.
          residentKey: "preferred",
          userVerification: "required",
        },
        extensions: { prf: { eval: { first: salt } } },
        timeout: WITHIN_MS,
      },
    });
    if (!(made instanceof PublicKeyCredential)) throw none("This browser made no credential.");
    const { enabled, bytes } = prfOf(made);
    if (!enabled) throw none("This device's authenticator knows the person and keeps no key: it lacks PRF.");
    const credential = { id: new Uint8Array(made.rawId), salt };
    // Not every device gives the bytes at once.
    if (bytes === null) return this.#ask(credential);
    return { ...credential, key: await fromPrf(bytes) };
  }

  async #ask(credential: Credential): Promise<Given> {
    const found = await navigator.credentials.get({
      signal: this.#signal(),
      publicKey: {
        challenge: random(32),
        allowCredentials: [{ type: "public-key", id: credential.id, transports: ["internal"] }],
        userVerification: "required",
        extensions: { prf: { eval: { first: credential.salt } } },
        timeout: WITHIN_MS,
      },
    });
    const bytes = found instanceof PublicKeyCredential ? prfOf(found).bytes : null;
    if (bytes === null) {
      const message = "The device's authenticator gives no key for this credential.";
      throw new Withheld({ code: "WrongKey", message });
    }
    return { ...credential, key: await fromPrf(bytes) };
  }
}
