/** What the stories stand on: the real server, and a phone that is a browser which can be killed. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

export { Phone, SOON_MS } from '../../../dashboard/tests/stories/harness.mjs';
export { AREA, PASSWORD } from '../../../dashboard/tests/stories/town.mjs';
import { watched } from '../../../dashboard/tests/stories/bounded.mjs';
import { Server as Alone, SOON_MS } from '../../../dashboard/tests/stories/harness.mjs';
import { Front } from './front.mjs';
import { Line } from './line.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = resolve(HERE, '../../../..');
export const SHOTS = join(ROOT, 'target/worker-screenshots');
export const SIZE = { width: 390, height: 844 };

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
  '--use-fake-ui-for-media-stream',
];

const PATIENCE_MS = 90_000;
const REGISTERED_WITHIN_MS = 8_000;
/** What draws maps on a machine without a graphics card; it makes every frame of every page dear. */
const DRAWS = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

/** Where the app lies that is looked at instead of the one in the server, so that a page is tried without building a server. */
const DIST = process.env.WORKER_DIST;

/** The server, with what stands before it when another app than its own is looked at. */
export class Server extends Alone {
  /** `front`: with something before it in any case. */
  static async start({ front = false } = {}) {
    const server = await super.start();
    Object.setPrototypeOf(server, Server.prototype);
    if (DIST || front) await server.before();
    return server;
  }
  async before(port = 0) {
    this.behind ??= this.url;
    this.front = new Front(this.behind, DIST);
    const url = await this.front.listen(port);
    // What the server goes on to say of its own address is not what is asked.
    Object.defineProperty(this, 'url', { configurable: true, get: () => url, set() {} });
  }
  async stop() {
    await this.front?.close();
    await super.stop();
  }
  /** Comes back on the same address; `days` later by the clock. */
  async back({ days = 0 } = {}) {
    const before = { ...process.env };
    // What is started from here has this process's surroundings.
    Object.assign(process.env, clockAhead(days));
    try {
      await this.comeBack();
    } finally {
      for (const name of Object.keys(clockAhead(1))) Reflect.deleteProperty(process.env, name);
      Object.assign(process.env, before);
    }
  }
  async comeBack() {
    const front = this.front && new URL(this.url).port;
    await this.serve(new URL(this.behind ?? this.url).host);
    if (front) await this.before(Number(front));
    // A new start has new keys for the tokens of programs.
    this.token = await this.signIn();
  }
}

/** What makes the clock of a program that is started with it go some days ahead. */
export function clockAhead(days) {
  if (days === 0) return {};
  if (!clock) {
    const dir = mkdtempSync(join(tmpdir(), 'gridfold-clock-'));
    process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
    clock = join(dir, 'clock.so');
    execFileSync('clang', ['-shared', '-fPIC', '-O1', '-o', clock, join(HERE, 'clock.c')]);
  }
  return { LD_PRELOAD: clock, CLOCK_AHEAD_S: String(days * 86_400) };
}
let clock;

/** A browser with a profile of its own, as a phone has: it may be killed at any moment and started again. */
export class Handset {
  constructor({ language = 'zh-CN', camera, draws = false } = {}) {
    this.draws = draws;
    this.profile = mkdtempSync(join(tmpdir(), 'gridfold-worker-'));
    this.language = language;
    this.camera = camera;
    /** What the browser complained of. That a server which was stopped did not answer is none. */
    this.complaints = [];
    this.elsewhere = [];
    mkdirSync(SHOTS, { recursive: true });
  }
  /** Starts the browser, or starts it again on what it had; `days` later by the clock. */
  async start(server, { days = 0 } = {}) {
    this.server = server;
    if (!this.line) {
      this.line = new Line(() => this.server.url);
      this.port = await this.line.listen();
    }
    const camera = this.camera
      ? ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${this.camera}`]
      : [];
    this.child = spawn(
      process.env.CHROMIUM ?? '/usr/bin/chromium',
      [
        ...ARGS,
        ...camera,
        ...(this.draws ? DRAWS : []),
        // The server keeps its name; the way to it is this phone's own.
        `--host-resolver-rules=MAP ${new URL(server.url).host} 127.0.0.1:${this.port}`,
        `--user-data-dir=${this.profile}`,
        `--lang=${this.language}`,
        `--accept-lang=${this.language}`,
        'about:blank',
      ],
      // A group of its own, so that all of it is killed at once.
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
        env: { ...process.env, ...clockAhead(days), TZ: 'Asia/Shanghai', LANGUAGE: this.language },
      },
    );
    const address = await new Promise((done, failed) => {
      let said = '';
      this.child.stderr.on('data', (text) => {
        said += text;
        const found = /DevTools listening on (ws:\/\/\S+)/.exec(said)?.[1];
        if (found) done(found);
      });
      this.child.on('exit', (code) => failed(new Error(`the browser ended with ${code}: ${said}`)));
      setTimeout(() => failed(new Error(`the browser does not start: ${said}`)), PATIENCE_MS).unref();
    });
    this.chromium = await chromium.connectOverCDP(address);
    [this.context] = this.chromium.contexts();
    return this.page();
  }
  async page(size = SIZE) {
    // Past what a call of the library waits for an answer that never comes.
    this.context.setDefaultTimeout(PATIENCE_MS);
    const page = watched(await this.context.newPage());
    // A page that is opened without a signal knows it from its first moment, as on a phone: what this browser is told
    // reaches a new page only after it has begun.
    await page.addInitScript(() => {
      if (sessionStorage.getItem('signal') !== 'no') return;
      const { get } = Object.getOwnPropertyDescriptor(Navigator.prototype, 'onLine');
      const isOnline = () => sessionStorage.getItem('signal') !== 'no' && get.call(navigator);
      Object.defineProperty(navigator, 'onLine', { configurable: true, get: isOnline });
    });
    await page.setViewportSize(size);
    page.setDefaultTimeout(SOON_MS);
    page.on('console', (said) => {
      const text = said.text();
      if (
        said.type() !== 'error' ||
        /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|CONNECTION_CLOSED|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE|FAILED|ABORTED)/.test(
          text,
        )
      )
        return;
      this.complaints.push(`${page.url()}: ${text}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(this.server.url) && !/^(data|blob|about):/.test(url)) this.elsewhere.push(url);
    });
    return page;
  }
  async open(page, path = '') {
    const go = () => page.goto(`${this.server.url}/m/${path}`);
    // A step of the app's own that is still under way breaks off what is opened meanwhile.
    await go().catch((error) => (/ERR_ABORTED/.test(error.message) ? go() : Promise.reject(error)));
    await ready(page);
  }
  /** No signal: the browser is told, and nothing gets through. */
  async loseSignal() {
    this.line.cut();
    await this.#tell('no');
    await this.context.setOffline(true);
  }
  async findSignal() {
    this.line.mend();
    await this.#tell('');
    await this.context.setOffline(false);
  }
  async #tell(signal) {
    for (const page of this.context.pages().filter((one) => one.url().startsWith('http')))
      await page.evaluate((kept) => sessionStorage.setItem('signal', kept), signal);
  }
  /** As a phone whose battery is taken out. */
  async kill() {
    this.child.removeAllListeners('exit');
    // Not `close`: what the browser started may outlive it, with its pipe.
    const over = new Promise((done) => this.child.on('exit', done));
    process.kill(-this.child.pid, 'SIGKILL');
    await over;
    this.child.stderr.destroy();
  }
  async end() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    await this.line?.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Waits until the page shows what it has. */
export async function ready(page) {
  await page.waitForSelector('h1');
  await page.waitForFunction(() => !document.querySelector('.waiting'));
}

/**
 * Syncs as a person who asks for it on Today, and waits for the end of it: that nothing waits to be sent is said
 * before what the server has is here.
 */
export async function syncs(phone, page) {
  await phone.open(page);
  await page.getByRole('button', { name: '同步', exact: true }).click();
  await page.getByText('已同步', { exact: true }).waitFor();
  await page.getByText('全部已送出').waitFor();
}

/** Invites a worker's phone, and gives the code. */
export async function invite(server, userId) {
  const { qr } = await server.call('POST', '/v1/devices/invite', { user_id: userId });
  return { qr, code: qr.slice(qr.lastIndexOf(':') + 1) };
}

/** Enrols by the invitation's link, as a worker who opens it. */
export async function enrol(handset, page, userId) {
  const { code } = await invite(handset.server, userId);
  await page.goto(`${handset.server.url}/m/#enrol=${code}`);
  await page.getByRole('button', { name: /^(登记|Enrol)$/ }).click();
  await page.getByRole('button', { name: /开始使用|Begin/ }).click();
  await ready(page);
}

/** Waits until the service worker has everything it starts from without a network. */
export async function keptForOffline(page) {
  let asked = Date.now();
  await until('the app is kept', async () => {
    const [state, registered] = await page.evaluate(async () => [
      navigator.serviceWorker.controller?.state,
      Boolean(await navigator.serviceWorker.getRegistration()),
    ]);
    if (state === 'activated') return true;
    // One that could not fetch all of it is taken away, and comes again with the next start of the app.
    if (!registered && Date.now() - asked > REGISTERED_WITHIN_MS) {
      process.stderr.write('the app was not kept, and is started again\n');
      asked = Date.now();
      await page.reload();
      await ready(page);
    }
    return false;
  });
}

/** What the server has of a form, as a program reads it. */
export async function recordsOf(server, form) {
  const { records } = await server.call('GET', `/v1/records?form=${form}&limit=100`);
  return records;
}

/** Tries until it holds; a story fails at the limit, it never waits a fixed time. */
export async function until(what, holds) {
  const end = Date.now() + SOON_MS;
  for (;;) {
    const found = await holds();
    if (found) return found;
    assert.ok(Date.now() < end, `in time: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Fails with what axe finds on the page once it stands still, with targets that are too small, and with what is too wide. */
export async function usable(page, name) {
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((a) => a.finished));
  });
  // The page's policy lets no script in, so it comes by the debugger.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`);
  });
  assert.deepEqual(found, [], `axe on ${name}`);
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'button, a, select, label.chip, input:not([type=radio], [type=checkbox], [type=file])',
      ),
    ]
      .map((node) => ({ node, box: node.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
      .map(({ node, box }) => `${node.outerHTML.slice(0, 120)} ${Math.round(box.width)}×${Math.round(box.height)}`),
  );
  assert.deepEqual(small, [], `targets below 44 px on ${name}`);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${name} is ${over} pixels too wide`);
  assert.doesNotMatch(await page.locator('body').innerText(), /\bNaN\b|\bundefined\b|\[object |Invalid Date/, name);
}

/** A thumb that counts what it does. */
export class Thumb {
  taps = 0;
  keys = 0;
  async tap(locator) {
    this.taps += 1;
    await locator.click();
  }
  async type(page, text) {
    this.keys += [...text].length;
    await page.keyboard.type(text);
  }
  /** What a person takes for it, by the keystroke-level model: to find and hit something on a screen, and to type a sign. */
  get seconds() {
    return this.taps * 1.3 + this.keys * 0.35;
  }
}

export async function shot(page, name) {
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
