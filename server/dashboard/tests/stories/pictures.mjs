/**
 * Takes the pictures of the READMEs from a demo that is running: `node tests/stories/pictures.mjs [URL]`.
 * They are left in docs/dashboard, in both languages.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, ready } from './harness.mjs';

const OUT = resolve(fileURLToPath(import.meta.url), '../../../../../docs/dashboard');
const server = { url: process.argv[2] ?? 'http://127.0.0.1:8420', login: 'admin', password: 'gridfold demo phrase' };

async function picture(page, name) {
  await ready(page);
  await page.waitForLoadState('networkidle');
  const ended = () => document.getAnimations().every((a) => a.playState === 'finished');
  await page.waitForFunction(ended);
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send('Page.captureScreenshot', { format: 'webp', quality: 75 });
  await cdp.detach();
  writeFileSync(join(OUT, `${name}.webp`), Buffer.from(data, 'base64'));
}

async function take(browser, language) {
  const page = await browser.page({ language });
  const go = (path) => page.goto(server.url + path);
  const as = language.slice(0, 2);
  await browser.signIn(page);
  await page.locator('canvas').first().waitFor();
  await picture(page, `overview-${as}`);
  await go('/records?form=household');
  await page.getByRole('row').nth(1).getByRole('link').first().waitFor();
  const household = await page.getByRole('row').nth(1).getByRole('link').first().getAttribute('href');
  await go('/records');
  await picture(page, `records-${as}`);
  await go(household);
  await picture(page, `household-${as}`);
  await go('/attention');
  await page
    .getByRole('button', { name: /去选定|Choose/ })
    .or(page.getByRole('link', { name: /去选定|Choose/ }))
    .first()
    .click();
  await page.waitForURL(/\/records\//);
  await picture(page, `conflict-${as}`);
  await page.context().close();
}

mkdirSync(OUT, { recursive: true });
const browser = await Browser.start(server);
try {
  await take(browser, 'zh-CN');
  await take(browser, 'en');
} finally {
  await browser.end();
}
