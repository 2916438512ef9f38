// What the tests stand on: the real server, a page of one origin with it, and a browser that can be killed.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const ROOT = resolve(HERE, "../../..");
const BINARY =
  process.env.SERVER_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/gridfold");
const PUT_BACK_MS = 10_000;
const PASSWORD = "a long enough pass phrase 42";
const GRID = "120101001001001";
const AREAS = `code,parent,name,level
12,,天津市,province
120101,12,和平区,district
120101001,120101,劝业场街道,street
120101001001,120101001,花园社区,community
${GRID},120101001001,第一网格,grid
`;
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Let through as the app's own page would have it. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** What a test may do to a worker: it runs before the worker's own script. */
const HOOK = `{
new BroadcastChannel("test").onmessage = ({ data }) => {
  if (data === "crash") crash();
  if (data === "full") FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException("", "QuotaExceededError"); };
};
const real = crypto.getRandomValues.bind(crypto);
// In the middle of what the library does, and nowhere else.
const crash = () => {
  crypto.getRandomValues = (bytes) => {
    if (bytes.buffer.byteLength >= 65_536) throw new Error("a crash that was asked for");
    return real(bytes);
  };
};
if (new URL(self.location).searchParams.has("crashes")) crash();
}
`;

export const BROWSERS = {
  chromium: process.env.CHROMIUM ?? "/usr/bin/chromium",
  firefox: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
};

/** The server in a directory of its own, and the origin that the page and it share. */
export class World {
  static async start() {
    const world = new World();
    world.dir = mkdtempSync(join(tmpdir(), "gridfold-web-"));
    world.data = join(world.dir, "server");
    const password = join(world.dir, "password");
    writeFileSync(password, PASSWORD);
    world.run("init", "--admin-password-file", password);
    const areas = join(world.dir, "areas.csv");
    writeFileSync(areas, AREAS);
    world.run("import", "areas", areas);
    world.grants = {};
    for (const name of ["王芳", "李伟", "赵敏"]) {
      world.run("user", "add", name);
      world.grants[name] = world.run("grant", "add", name, "worker", "--area", GRID).split(/\s+/)[1];
    }
    world.acked = 0;
    world.hangs = false;
    world.crashes = false;
    world.front = http.createServer((request, response) => void world.answer(request, response));
    await new Promise((done) => world.front.listen(0, "127.0.0.1", done));
    world.origin = `http://127.0.0.1:${world.front.address().port}`;
    // Authenticators know hosts by name.
    world.named = `http://localhost:${world.front.address().port}`;
    return world;
  }

  run(...words) {
    const done = spawnSync(BINARY, ["--data", this.data, ...words], { encoding: "utf8" });
    assert.equal(done.status, 0, `${words.join(" ")}: ${done.stdout}${done.stderr}${done.error ?? ""}`);
    return done.stdout;
  }

  /** The one-time code for somebody's phone, made with the server stopped. */
  invite(name) {
    const line = this.run("device", "invite", name, "--no-qr").split("\n").find((l) => l.startsWith("code"));
    return line.trim().split(/\s+/).at(-1);
  }

  /** Starts serving and waits for the line that says where. */
  serve() {
    return new Promise((done, failed) => {
      const child = spawn(BINARY, ["--data", this.data, "serve", "--listen", "127.0.0.1:0"]);
      this.server = child;
      let said = "";
      const heard = (text) => {
        said += text;
        const url = /listening on (http:\/\/\S+)/.exec(said)?.[1];
        if (url) {
          this.url = url;
          done();
        }
      };
      child.stdout.on("data", heard);
      child.stderr.on("data", heard);
      child.on("close", (code) => failed(new Error(`the server ended with ${code}: ${said}`)));
    });
  }

  async stopServing() {
    const child = this.server;
    this.server = this.url = null;
    if (!child) return;
    child.kill();
    await new Promise((done) => child.on("close", done));
  }

  async stop() {
    await this.stopServing();
    this.front.closeAllConnections();
    this.front.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async answer(request, response) {
    const url = new URL(request.url, this.origin);
    const body = [];
    for await (const part of request) body.push(part);
    try {
      if (url.pathname.startsWith("/v1/")) return await this.pass(request, Buffer.concat(body), response);
      if (url.pathname.startsWith("/test/")) return await this.told(url, response);
      const file = url.pathname === "/" ? "tests/page.html" : url.pathname.slice(1);
      let bytes = readFileSync(join(HERE, file));
      if (file === "dist/worker.js") bytes = Buffer.from(HOOK) + bytes;
      if (file === "dist/index.js" && this.crashes) bytes = String(bytes).replace("./worker.js", "./worker.js?crashes");
      const kind = KINDS[extname(file)] ?? "text/plain";
      response.writeHead(200, { "content-type": kind, "content-security-policy": POLICY, "cache-control": "no-store" });
      response.end(bytes);
    } catch (error) {
      response.writeHead(404).end(String(error));
    }
  }

  /** To the server; without one the connection breaks. */
  async pass(request, body, response) {
    if (this.hangs) return;
    const url = this.url;
    if (!url) return response.destroy();
    const { method, headers } = request;
    const asked = http.request(url + request.url, { method, headers: { ...headers, host: new URL(url).host } }, (reply) => {
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    });
    asked.on("error", () => response.destroy());
    asked.end(body);
  }

  /** What the page asks of the test. */
  async told(url, response) {
    const words = url.searchParams.getAll("word");
    let out = "";
    const headers = {};
    switch (url.pathname) {
      case "/test/acked":
        this.acked = Math.max(this.acked, Number(words[0]));
        break;
      case "/test/serve":
        await this.serve();
        break;
      case "/test/stop":
        await this.stopServing();
        break;
      case "/test/run":
        out = this.run(...words);
        break;
      case "/test/grant":
        out = this.grants[words[0]];
        break;
      case "/test/hang":
        this.hangs = words[0] === "yes";
        break;
      case "/test/clear":
        headers["clear-site-data"] = '"storage"';
        break;
      case "/test/see": {
        const signedIn = await this.api("POST", "/v1/sign-in", { login: "admin", password: PASSWORD });
        await this.api("GET", `/v1/records/${words[0]}`, undefined, signedIn.access_token);
      }
    }
    response.writeHead(200, headers).end(out);
  }

  async api(method, path, body, token) {
    const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const reply = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    assert.ok(reply.ok, `${path}: ${reply.status}`);
    return reply.json();
  }
}

/** Waits for the page's script; the page's policy lets nothing of the driver's in that would wait there. */
export async function ready(page) {
  while (!(await page.evaluate(() => globalThis.ready === true))) await new Promise((done) => setTimeout(done, 10));
}

/** A browser with a profile that outlives it. */
export class Browser {
  constructor(kind, world) {
    this.kind = kind;
    this.world = world;
    this.profile = mkdtempSync(join(tmpdir(), `gridfold-${kind}-`));
  }

  async open() {
    // The driver keeps a copy of these, and a killed browser leaves none.
    if (this.kind === "firefox") for (const file of ["user.js", "prefs.js"]) appendFileSync(join(this.profile, file), "");
    this.browser = await puppeteer.launch({
      browser: this.kind === "firefox" ? "firefox" : "chrome",
      executablePath: BROWSERS[this.kind],
      userDataDir: this.profile,
      headless: true,
      args: this.kind === "firefox" ? [] : ["--no-sandbox", "--disable-gpu", "--no-first-run"],
    });
    return this;
  }

  async page(origin = this.world.origin) {
    const page = await this.browser.newPage();
    page.on("pageerror", (error) => console.log(`${this.kind}: ${error}`));
    await page.goto(origin);
    await ready(page);
    return page;
  }

  /** Gives a page of Chromium an authenticator of the device, as tests have it: it lives as long as the page. */
  async authenticator(page, { prf = true } = {}) {
    const devtools = await page.createCDPSession();
    await devtools.send("WebAuthn.enable");
    const options = {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: prf,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
    return {
      neverKnows: () => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false }),
      forget: () => devtools.send("WebAuthn.clearCredentials", { authenticatorId }),
      remove: () => devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
    };
  }

  /** As a phone whose battery is taken out. */
  async kill() {
    const child = this.browser.process();
    const gone = new Promise((done) => child.on("exit", done));
    // Chromium has processes of its own below it, in the same group.
    spawnSync("pkill", ["-KILL", "-P", String(child.pid)]);
    child.kill("SIGKILL");
    await gone;
    await this.putBack();
    rmSync(join(this.profile, "SingletonLock"), { force: true });
    rmSync(join(this.profile, "lock"), { force: true });
  }

  /** Waits until the driver has put back what it keeps copies of: it does so beside whatever comes next. */
  async putBack() {
    const until = Date.now() + PUT_BACK_MS;
    while (["user.js", "prefs.js"].some((file) => existsSync(join(this.profile, `${file}.puppeteer`)))) {
      assert.ok(Date.now() < until, "the driver left its copies in the profile");
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  async shut() {
    await this.browser.close();
  }

  /** Takes over a copy of another's profile. */
  take(other) {
    cpSync(other.profile, this.profile, { recursive: true, filter: (path) => !/Singleton|[/]lock$|parentlock/.test(path) });
  }

  async close() {
    await this.browser?.close().catch(() => undefined);
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
