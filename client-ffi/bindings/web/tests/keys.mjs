// In a page: a store whose key the device's authenticator keeps.
import { hasAuthenticator, storeInfo } from "/dist/index.js";
import { equal, fails, GRID, notes, open, until } from "./story.mjs";

const BY = { by: "Authenticator" };
const PIN = { by: "Pin", pin: "4711" };

const visits = async (phone) => {
  const found = await phone.count({ form: "visit" });
  await phone.close();
  return found;
};

/** Makes a store with a visit in it. */
export async function make(name, code, key = BY) {
  const phone = await open(name, { key });
  await phone.enrol(code, location.origin);
  await phone.create(GRID, "visit", [notes("按指纹之前")]);
  equal(await visits(phone), 1);
  equal((await storeInfo(name)).key, key.by);
}

export async function opens(name, key = BY) {
  equal(await visits(await open(name, { key, existing: true })), 1);
}

export async function refused(name, code, key = BY) {
  await fails(code, () => open(name, { key, existing: true }));
}

/** By nothing but the authenticator. */
export async function aloneBy(name) {
  equal((await storeInfo(name)).key, "Authenticator");
  for (const key of [{ by: "Browser" }, PIN, { by: "App", key: new Uint8Array(32) }]) {
    await refused(name, "WrongKey", key);
  }
}

/** What cannot be kept is said, and what was there goes on. */
export async function staysAsItWas(name, code) {
  await fails(code, () => open(`${name}-never`, { key: BY }));
  const never = await storeInfo(`${name}-never`);
  equal([never.exists, never.key], [false, null]);
  const phone = await open(name, { key: PIN });
  await fails(code, () => phone.keepKey(BY));
  equal((await phone.status()).pending, 0, "it goes on");
  await phone.close();
  equal((await storeInfo(name)).key, "Pin");
  await refused(name, "WrongKey");
  await (await open(name, { key: PIN })).close();
}

export const may = () => hasAuthenticator();

/** From one way of keeping to the other. */
export async function change(name, from, to) {
  const phone = await open(name, { key: from });
  await phone.keepKey(to);
  await phone.close();
  equal((await storeInfo(name)).key, to.by);
  await fails("WrongKey", () => open(name, { key: from }));
  await (await open(name, { key: to, existing: true })).close();
}

/** Changes it and leaves the store open: the browser is killed next. */
export async function changeAndStay(name, from, to) {
  await (await open(name, { key: from })).keepKey(to);
}

/** A device's authenticator that outlives its browser: the browsers' own for tests live in theirs. */
export function standIn(seed) {
  const asked = { times: 0 };
  const bytes = (text) => new TextEncoder().encode(text);
  const ID = bytes(`credential of ${seed}`);
  const credential = (results) => {
    const made = Object.create(PublicKeyCredential.prototype);
    Object.defineProperty(made, "rawId", { value: ID.buffer });
    Object.defineProperty(made, "getClientExtensionResults", { value: () => ({ prf: { enabled: true, ...results } }) });
    return made;
  };
  PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = async () => true;
  PublicKeyCredential.getClientCapabilities = async () => ({ "extension:prf": true });
  // It gives its bytes to whoever asks for them again, as many do.
  const known = (verification) => {
    if (verification !== "required") throw new DOMException("the person was not to be known", "NotAllowedError");
  };
  navigator.credentials.create = async ({ publicKey }) => {
    known(publicKey.authenticatorSelection.userVerification);
    if (globalThis.waits) await new Promise(() => undefined);
    return credential({});
  };
  navigator.credentials.get = async ({ publicKey }) => {
    known(publicKey.userVerification);
    asked.times++;
    const { first } = publicKey.extensions.prf.eval;
    const way = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytes(seed), way, false, ["sign"]);
    return credential({ results: { first: await crypto.subtle.sign("HMAC", key, first) } });
  };
  globalThis.asked = asked;
}

/** The person is asked, and never answers. */
export async function changeWithoutEnd(name, from) {
  globalThis.waits = true;
  const phone = await open(name, { key: from });
  void phone.keepKey(BY);
  equal((await phone.status()).pending, 1, "other calls go on");
}

/** A library that crashed is opened again without asking the person. */
export async function crashes(name) {
  const phone = await open(name, { key: BY });
  equal(globalThis.asked.times, 1);
  const states = [];
  phone.onState((state) => states.push(state.type));
  new BroadcastChannel("test").postMessage("crash");
  await until("the crash", async () => {
    await phone.saveDraft({ grid: GRID, form: "visit", operations: [], appState: "" }).catch(() => undefined);
    return states.at(-1) === "Open";
  });
  equal(await visits(phone), 1);
  equal(globalThis.asked.times, 1, "asked once");
}
