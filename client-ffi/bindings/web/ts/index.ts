// The phone library in a browser. `openPhone` opens a store; the phone it gives has every call of
// the library, as promises.

export * from "./types.js";
export * from "./phone.js";
export { hasAuthenticator } from "./authenticator.js";
export { openPhone, storeInfo, wipeStore } from "./open.js";
