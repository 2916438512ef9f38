// In the page: the package, and what the tests do with it.
import * as gridfold from "/dist/index.js";
import * as keys from "/tests/keys.mjs";
import * as story from "/tests/story.mjs";

Object.assign(globalThis, { gridfold, story, keys, ready: true });
