// A browser of its own, and what it costs.
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const TICK_MS = 10;
/** Where Chromium keeps what pages store. */
const STORES = ["IndexedDB", "File System", "Storage"];

const later = (ms) => new Promise((done) => setTimeout(done, ms));

/** CPU in milliseconds of a process and all below it, those that have ended too. */
function cpuOf(root) {
  const below = new Map();
  const ticks = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let fields;
    try {
      fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1).split(" ");
    } catch {
      continue;
    }
    const parent = fields[1];
    below.set(parent, [...(below.get(parent) ?? []), pid]);
    // utime, stime, and both of children that have ended.
    ticks.set(pid, fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0));
  }
  let all = 0;
  const todo = [String(root)];
  while (todo.length > 0) {
    const pid = todo.pop();
    all += ticks.get(pid) ?? 0;
    todo.push(...(below.get(pid) ?? []));
  }
  return all * TICK_MS;
}

function bytesUnder(path) {
  const of = lstatSync(path, { throwIfNoEntry: false });
  if (of === undefined) return 0;
  if (!of.isDirectory()) return of.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

/** A profile that browsers are opened on, one after the other. */
export class Profile {
  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "gridfold-peer-"));
  }

  get stored() {
    return STORES.reduce((sum, name) => sum + bytesUnder(join(this.path, "Default", name)), 0);
  }

  async open() {
    const browser = await puppeteer.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      userDataDir: this.path,
      headless: true,
      // The machine may do other things at the same time.
      timeout: 120_000,
      protocolTimeout: 600_000,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run"],
    });
    const [page] = await browser.pages();
    const session = new Session(browser, page);
    await session.quiet();
    return session;
  }

  remove() {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One process of the browser with one page. */
export class Session {
  constructor(browser, page) {
    this.browser = browser;
    this.page = page;
    page.on("pageerror", (error) => console.error(`page: ${error}`));
    page.on("console", (message) => {
      if (message.type() === "error") console.error(`page: ${message.text()}`);
    });
  }

  get cpu() {
    return cpuOf(this.browser.process().pid);
  }

  /** Waits until it does nothing more, at most five seconds. */
  async quiet() {
    let before = this.cpu;
    for (let still = 0, asked = 0; still < 3 && asked < 50; asked++) {
      await later(100);
      const now = this.cpu;
      still = now - before <= TICK_MS ? still + 1 : 0;
      before = now;
    }
  }

  /** What a piece of work costs, and what it leaves to be done after its answer. */
  async cost(work) {
    await this.quiet();
    const before = this.cpu;
    const given = await work();
    await this.quiet();
    return { cpu: this.cpu - before, ...given };
  }

  call(name, ...given) {
    return this.page.evaluate((name, given) => globalThis.bench[name](...given), name, given);
  }

  close() {
    return this.browser.close();
  }
}
