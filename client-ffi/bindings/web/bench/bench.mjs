// Figures of the phone library in Chromium beside those of its peers; see `run`.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { World } from "../tests/harness.mjs";
import { Front } from "./front.mjs";
import { Profile } from "./measure.mjs";
import { report } from "./report.mjs";
import { visit } from "./visits.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const version = (name) => JSON.parse(readFileSync(join(HERE, "node_modules", name, "package.json"), "utf8")).version;

const { values: options } = parseArgs({
  options: {
    records: { type: "string", default: "5000" },
    rounds: { type: "string", default: "3" },
    saves: { type: "string", default: "200" },
    only: { type: "string", default: "" },
  },
});
const RECORDS = Number(options.records);
const ROUNDS = Number(options.rounds);
const SAVES = Number(options.saves);
const WARM_UP = 20;
/** Shifts of the lists to warm up with, and of those that are measured. */
const WARM_LISTS = [5, 15, 25, 35];
const LISTS = [0, 10, 20, 30];

/** Each library, its page, and what it says of a save that it has acknowledged. */
const LIBRARIES = [
  { name: "Gridfold", page: "gridfold", durable: true, says: "flushed, and the file is still there" },
  { name: `PouchDB ${version("pouchdb-browser")}`, page: "pouchdb", durable: false, says: "not promised: durability cannot be asked for" },
  { name: `RxDB ${version("rxdb")}, Dexie ${version("dexie")}`, page: "rxdb", durable: true, says: "`durability: strict`" },
  { name: `Yjs ${version("yjs")}, y-indexeddb ${version("y-indexeddb")}`, page: "yjs", durable: false, says: "not promised: no promise tells of a save" },
  { name: "the same, a visit one value", page: "yjs?whole", durable: false, says: "the same" },
].filter(({ page }) => options.only === "" || options.only.split(",").includes(page));

const newestFirst = (ids, many) => ids.toReversed().slice(0, many);

function same(found, wanted, what) {
  const at = wanted.findIndex((id, n) => found[n] !== id);
  assert.ok(at < 0 && found.length === wanted.length, `${what}: ${found.length} of ${wanted.length}, another at ${at}`);
}

async function pages() {
  const gridfold = {
    name: "gridfold",
    setup: (of) => of.onResolve({ filter: /^@gridfold\/phone$/ }, () => ({ path: "/dist/index.js", external: true })),
  };
  await build({
    entryPoints: ["gridfold", "pouchdb", "rxdb", "yjs", "nothing"].map((name) => join(HERE, `pages/${name}.mjs`)),
    outdir: join(HERE, "built"),
    bundle: true,
    minify: true,
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    plugins: [gridfold],
    logLevel: "warning",
  });
}

/** Has a phone make all visits and push them; gives their ids in that order. */
async function seeded(world, front) {
  const code = world.invite("王芳");
  await world.serve();
  const profile = new Profile();
  const session = await profile.open();
  await session.page.goto(`${front.origin}/page/gridfold`);
  await session.call("open");
  await session.call("prepare", code);
  await session.call("pull");
  const ids = [];
  for (let from = 0; from < RECORDS; from += 500) {
    ids.push(...(await session.page.evaluate((from, many) => globalThis.fill(from, many), from, Math.min(500, RECORDS - from))));
  }
  await session.close();
  profile.remove();
  return ids;
}

function said(page, job, { cpu, ms }) {
  console.error(`  ${page} ${job}: ${cpu} ms CPU, ${ms.toFixed(0)} ms`);
}

/** All jobs of one library, in a profile of its own. */
async function round({ page, durable }, world, front, ids, careful) {
  const out = {};
  const profile = new Profile();
  const url = `${front.origin}/page/${page}`;
  let session = await profile.open();
  let code;
  if (page === "gridfold") {
    await world.stopServing();
    code = world.invite("李伟");
    await world.serve();
  }
  await session.page.goto(url);
  await session.call("open");
  await session.call("prepare", code);
  await session.quiet();
  const before = front.bytes;
  out.pull = await session.cost(() => session.call("pull"));
  out.pull.bytes = front.bytes - before;
  assert.equal(await session.call("count"), RECORDS, `${page}: what was pulled`);
  await session.call("close");
  await session.close();
  said(page, "pull", out.pull);
  out.stored = { bytes: profile.stored / RECORDS };

  session = await profile.open();
  out.open = await session.cost(async () => {
    await session.page.goto(`${url}#open`);
    const { ms, ids } = await session.page.evaluate(() => globalThis.opened);
    return { ms, given: ids };
  });
  said(page, "open", out.open);
  same(out.open.given, newestFirst(ids, 50), `${page}: the first list`);

  await session.call("walk", WARM_LISTS);
  out.list = await session.cost(async () => {
    const { ms, given } = await session.call("walk", LISTS);
    return { ms, ...given };
  });
  said(page, "list", out.list);
  for (const walk of out.list.walks) same(walk, newestFirst(ids, walk.length), `${page}: lists`);
  assert.ok(out.list.walks[0].length >= Math.min(RECORDS, 2500), `${page}: lists are whole`);
  for (const figure of ["cpu", "ms"]) out.list[figure] /= out.list.lists;

  let made = RECORDS;
  const save = async () => {
    await session.call("save", made, WARM_UP);
    made += WARM_UP;
    const cost = await session.cost(() => session.call("save", made, SAVES));
    made += SAVES;
    said(page, "save", cost);
    const [first] = (await session.call("walk", [0])).given.walks;
    const saved = new Set(cost.given);
    assert.ok(first.slice(0, Math.min(50, SAVES)).every((id) => saved.has(id)), `${page}: what was saved is listed first`);
    for (const figure of ["cpu", "ms"]) cost[figure] /= SAVES;
    return cost;
  };
  out.save = await save();
  if (!durable) {
    await session.call("strictly");
    out.strict = await save();
  }
  await session.close();
  if (careful) {
    session = await profile.open();
    await session.page.goto(`${url}#open`);
    await session.page.evaluate(() => globalThis.opened);
    assert.equal(await session.call("count"), made, `${page}: what a new process finds`);
    await session.close();
  }
  profile.remove();
  return out;
}

/** What opening costs that is the browser's alone. */
async function floor(front) {
  const profile = new Profile();
  const session = await profile.open();
  const cost = await session.cost(async () => {
    await session.page.goto(`${front.origin}/page/nothing#open`);
    return { ms: (await session.page.evaluate(() => globalThis.opened)).ms };
  });
  await session.close();
  profile.remove();
  return cost;
}

await pages();
const rows = LIBRARIES.map((library) => ({ ...library, rounds: [] }));
const floors = [];
const counts = { records: RECORDS, saves: SAVES };
const world = await World.start();
const front = await Front.start(join(HERE, "built"), resolve(process.env.DIST ?? join(HERE, "../dist")), () => world.url);
try {
  const ids = await seeded(world, front);
  await front.fill(ids.map((id, n) => visit(n, id)));
  console.error(`${RECORDS} visits are at the servers`);
  for (let n = 0; n < ROUNDS; n++) {
    floors.push(await floor(front));
    // Each round begins with another.
    for (const row of [...rows.slice(n), ...rows.slice(0, n)]) {
      row.rounds.push(await round(row, world, front, ids, n === 0));
      console.error(`round ${n + 1}: ${row.name}`);
    }
    if (n + 1 < ROUNDS) console.error(report(rows, floors, counts));
  }
} finally {
  front.stop();
  await world.stop();
}
console.log(report(rows, floors, counts));
