/** What the stories stand on: the real server in a directory of its own, phones, a browser that is watched. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { watched } from './bounded.mjs';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../../../..');
const PROGRAMS = process.env.DASHBOARD_PROGRAMS ?? join(ROOT, 'target/debug');
/** Where the app lies that is looked at instead of the one in the server, so that a page is tried without building a server. */
const DIST = process.env.DASHBOARD_DIST;
export const SHOTS = join(ROOT, 'target/dashboard-screenshots');
export const WIDTHS = { laptop: { width: 1366, height: 850 }, phone: { width: 390, height: 844 } };
/** A limit for things that happen by themselves; a story fails, it never waits a fixed time. */
export const SOON_MS = 30_000;

const CHROMIUM = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

/** Runs a program to its end and gives what it printed. */
function run(program, args) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (err += text));
    child.on('error', failed);
    child.on('close', (code) =>
      code === 0 ? done(out) : failed(new Error(`${program} ${args[0]} ended with ${code}: ${err}`)),
    );
  });
}

/** A server on an empty data directory, with its first administrator. */
export class Server {
  static async start() {
    const server = new Server();
    server.dir = mkdtempSync(join(tmpdir(), 'gridfold-dashboard-'));
    server.data = join(server.dir, 'server');
    const out = await run(join(PROGRAMS, 'gridfold'), ['--data', server.data, 'init']);
    server.login = 'admin';
    server.password = /password[^:]*: *(\S+)/i.exec(out)?.[1];
    assert.ok(server.password, `init printed no password: ${out}`);
    await server.serve('127.0.0.1:0');
    return server;
  }
  /** Starts serving and waits for the line that says where. */
  serve(address) {
    return new Promise((done, failed) => {
      this.child = spawn(join(PROGRAMS, 'gridfold'), ['--data', this.data, 'serve', '--listen', address], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      const heard = (text) => {
        said += text;
        const url = /listening on (http:\/\/\S+)/.exec(said)?.[1];
        if (url) {
          this.url = url;
          done();
        }
      };
      this.child.stdout.on('data', heard);
      this.child.stderr.on('data', heard);
      this.child.on('close', (code) => failed(new Error(`the server ended with ${code}: ${said}`)));
    });
  }
  /** Ends the process; `serve` brings it back on the same address. */
  stop() {
    return new Promise((done) => {
      this.child.removeAllListeners('close');
      this.child.on('exit', done);
      this.child.kill('SIGTERM');
    });
  }
  async end() {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
  async signIn(login = this.login, password = this.password) {
    const answer = await this.call('POST', '/v1/sign-in', { login, password });
    return answer.access_token;
  }
  /** A request as a program makes it, with a token, to compare with what the page shows. */
  async call(method, path, body, accept = 'json') {
    const headers = {};
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await fetch(this.url + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return accept === 'text' ? text : text && JSON.parse(text);
  }
}

/** A worker's phone: the real client, driven line by line. */
export class Phone {
  constructor(server, name, seed) {
    const store = join(server.dir, 'phones', name);
    mkdirSync(store, { recursive: true });
    this.child = spawn(join(PROGRAMS, 'phone'), ['--store', store, '--server', server.url, '--seed', String(seed)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }
  async do(act, more = {}) {
    this.child.stdin.write(`${JSON.stringify({ do: act, ...more })}\n`);
    const { value, done } = await this.lines.next();
    assert.ok(!done, `the phone ended at ${act}`);
    const answer = JSON.parse(value);
    if ('error' in answer) throw new Error(`phone, ${act}: ${answer.error}`);
    return answer.ok;
  }
  end() {
    this.child.stdin.end();
  }
}

/** A browser whose every complaint and every request is kept. */
export class Browser {
  static async start(server) {
    const browser = new Browser();
    browser.server = server;
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: CHROMIUM,
    });
    browser.complaints = [];
    browser.elsewhere = [];
    /** Bytes of scripts as they came over the wire, by path. */
    browser.scripts = new Map();
    mkdirSync(SHOTS, { recursive: true });
    return browser;
  }
  async page({ language = 'zh-CN', width = 'laptop' } = {}) {
    const context = await this.chromium.newContext({
      viewport: WIDTHS[width],
      locale: language,
      timezoneId: 'Asia/Shanghai',
      acceptDownloads: true,
    });
    if (DIST) await this.#serveFrom(context);
    const page = watched(await context.newPage());
    page.setDefaultTimeout(SOON_MS);
    page.on('console', (said) => {
      // What a software renderer says of its own speed is no fault of the page.
      if (said.type() === 'error' || (said.type() === 'warning' && !said.text().includes('GL Driver Message'))) {
        this.complaints.push(`${page.url()}: ${said.text()}`);
      }
    });
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(this.server.url) && !/^(data|blob):/.test(url)) this.elsewhere.push(url);
    });
    page.on('response', async (answer) => {
      if (answer.request().resourceType() !== 'script') return;
      const sizes = await answer
        .request()
        .sizes()
        .catch(() => null);
      const path = new URL(answer.url()).pathname;
      // What the browser kept and did not ask for again has no size.
      if (sizes) this.scripts.set(path, Math.max(sizes.responseBodySize, this.scripts.get(path) ?? 0));
    });
    return page;
  }
  /** The server's headers, with the policy that they say, around files of `DIST`. */
  async #serveFrom(context) {
    const { headers } = await fetch(this.server.url);
    const policy = headers.get('content-security-policy');
    await context.route(
      (url) => url.href.startsWith(this.server.url) && !url.pathname.startsWith('/v1/'),
      (route) => {
        const file = join(DIST, new URL(route.request().url()).pathname);
        const path = extname(file) && existsSync(file) ? file : join(DIST, 'index.html');
        return route.fulfill({ path, headers: { 'content-security-policy': policy } });
      },
    );
  }
  async signIn(page, login = this.server.login, password = this.server.password) {
    await page.goto(`${this.server.url}/sign-in`);
    await page.fill('input[name=login]', login);
    await page.fill('input[name=password]', password);
    await page.press('input[name=password]', 'Enter');
    await page.waitForURL(`${this.server.url}/`);
    await ready(page);
  }
  /** Complaints that a story brought about itself: taken off the list when each is of the kind expected. */
  forgive(kind) {
    for (const complaint of this.complaints.splice(0)) assert.match(complaint, kind);
  }
  async end() {
    await this.chromium.close();
  }
}

/** Waits until the page shows what it has. */
export async function ready(page) {
  await page.waitForSelector('h1');
  await page.waitForFunction(() => !document.querySelector('.waiting'));
}

/** Fails with what axe finds on the page once it stands still: what fades in has no contrast yet. */
export async function accessible(page, name) {
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity);
    // One that is cancelled has ended too.
    await Promise.allSettled(ending.map((a) => a.finished));
  });
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`);
  });
  assert.deepEqual(found, [], `axe on ${name}`);
}

export async function shot(page, name) {
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}
