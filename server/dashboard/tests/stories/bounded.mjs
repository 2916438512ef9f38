/** Stories, and what is set up for them, with an end: what hangs fails by its name, and the run goes on. */
import * as runner from 'node:test';

const LONG_MS = 300_000;
const bounded = (hook) => (run) => hook(run, { timeout: LONG_MS });

export const test = (name, run) => runner.test(name, { timeout: LONG_MS }, run);
export const before = bounded(runner.before);
export const after = bounded(runner.after);
export const beforeEach = bounded(runner.beforeEach);
