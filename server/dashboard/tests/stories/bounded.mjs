/** Stories, and what is set up for them, with an end: what hangs fails by its name, and what the pages show then is told. */
import * as runner from 'node:test';

const LONG_MS = 300_000;
const READ_MS = 2_000;
/** The pages that are open; see `watched`. */
const pages = new Set();

/** Lets what a page shows be told where a story fails. */
export function watched(page) {
  pages.add(page);
  page.on('close', () => pages.delete(page));
  return page;
}

async function tell(name) {
  for (const page of pages) {
    const text = await page
      .locator('body')
      .innerText({ timeout: READ_MS })
      .catch((error) => error.message);
    process.stderr.write(`\n${name}: ${page.url()} says\n${text}\n`);
  }
}

const told = (name, run) => async (context) => {
  try {
    await run(context);
  } catch (error) {
    await tell(name);
    throw error;
  }
};
const bounded = (hook) => (run) => hook(run, { timeout: LONG_MS });

export const test = (name, run) => runner.test(name, { timeout: LONG_MS }, told(name, run));
export const before = bounded(runner.before);
export const after = bounded(runner.after);
export const beforeEach = bounded(runner.beforeEach);
