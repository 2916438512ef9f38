// The story of the other bindings, in a page; and what only a browser does to a phone.
import { openPhone, PhoneError, storeInfo, wipeStore } from "/dist/index.js";

export const GRID = "120101001001001";

function check(truth, what) {
  if (!truth) throw new Error(what);
}

export function equal(found, wanted, what = "") {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`);
}

export async function fails(code, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PhoneError)) throw error;
    equal(error.code, code, "the error");
    return error;
  }
  throw new Error(`${code} was expected`);
}

async function rejected(rule, work) {
  const { error } = await fails("Rejected", work);
  equal(error.code, rule, "the rule");
  return error;
}

/** Waits for something that happens by itself. */
export async function until(what, look) {
  const late = performance.now() + 60_000;
  while (!(await look())) {
    if (performance.now() > late) throw new Error(`${what} did not happen`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

const ask = async (what, ...words) => {
  const query = words.map((word) => `word=${encodeURIComponent(word)}`).join("&");
  return (await fetch(`/test/${what}?${query}`)).text();
};

const text = (field, value) => ({ type: "Set", field, value: { type: "Text", text: value } });
export const notes = (value) => ({ type: "SetLongText", field: "notes", text: value });
const shown = (record, field) => {
  const content = record.fields[field];
  return content.type === "Value" ? content.value.text : content.text;
};

export const open = (name, options = {}) => openPhone({ name, locale: "zh-CN", autoSync: false, ...options });

/** Opens a phone and enrols it. */
async function enrolled(name, code, options) {
  const phone = await open(name, options);
  await phone.enrol(code, location.origin);
  return phone;
}

export async function day(codes) {
  const wang = await open("wang");
  const li = await open("li", { locale: "en" });
  await fails("SignInRequired", () => wang.sync({}));
  equal((await wang.enrol(codes[0], location.origin)).userName, "王芳");
  await li.enrol(codes[1], location.origin);
  check((await wang.areas()).some((area) => area.mine && area.code === GRID), "the grid is hers");
  const forms = await wang.forms();
  check(forms.some((form) => form.code === "visit"), "there is a form for visits");

  const matter = await wang.create(GRID, "matter", [text("kind", "路灯"), text("summary", "三号楼前路灯不亮")]);
  equal((await wang.get(matter)).delivery, "OnThisPhone");
  await wang.sync({});
  equal((await wang.get(matter)).delivery, "AtServer");
  await li.sync({});

  // A day offline: the server cannot be reached, and both go on.
  await ask("stop");
  const heard = [];
  const watching = await li.watch({ type: "Record", recordId: matter }, (event) => heard.push(event));
  await until("the first event", () => heard.length === 1);
  equal([heard[0].type, heard[0].record.id], ["Record", matter]);
  await wang.edit(matter, [text("place", "三号楼东侧")]);
  await li.edit(matter, [text("place", "三号楼西侧")]);
  await until("the edit is told", () => heard.length === 2);
  equal(shown(heard[1].record, "place"), "三号楼西侧");
  await fails("Offline", () => wang.sync({}));
  equal((await wang.status()).pending, 1);

  const draft = await wang.saveDraft({ grid: GRID, form: "visit", operations: [], appState: "page 2" });
  await rejected("empty", () => wang.commitDraft(draft));
  equal((await wang.drafts()).map((d) => d.appState), ["page 2"]);
  await wang.discardDraft(draft);
  // What is only written differently is found; the last becomes eleven times as long as it is written.
  const slip = await wang.create(GRID, "visit", [notes(`错 Café ①号楼 ﾀﾞﾝﾁ ${"ﷺ".repeat(30)}`)]);
  for (const typed of ["cafe", "CAFÉ", "1号楼", "ダンチ", "صلى الله"]) {
    equal(await wang.count({ form: "visit", text: typed }), 1, typed);
  }
  const undone = await wang.undoLast();
  equal(undone.map((u) => [u.recordId, u.created]), [[slip, true]]);
  equal(await wang.get(slip), null);

  const visit = await wang.create(GRID, "visit", [notes("老人独居,电灯坏")]);
  await wang.edit(visit, [notes("老人独居,电灯已修好")]);
  const unknown = await rejected("unknown_field", () => wang.edit(visit, [text("no_such_field", "x")]));
  equal([unknown.field, unknown.reason], ["no_such_field", "表单里没有这个字段。填写的内容已存为草稿。"]);
  equal((await wang.drafts()).map((d) => d.id), [unknown.draftId]);
  await wang.discardDraft(unknown.draftId);

  // Wang has no way to the server; Li takes it along.
  const bundle = await wang.carryExport({ type: "Colleague", userId: (await li.identity()).userId });
  const reader = await li.carryReader();
  const frames = await wang.carryFrames(bundle.data, 600);
  let scan;
  for (const frame of ["not a frame", ...frames.toReversed(), ...frames]) scan = await reader.scan(frame);
  reader.close();
  equal([...scan.data], [...bundle.data], "what was scanned");
  const taken = await li.carryImport(scan.data);
  equal([taken.type, taken.authorName], ["Entries", "王芳"]);
  check((await li.carried()).some((c) => c.recordId === visit), "the visit is carried");
  await rejected("already_sent", () => wang.undoLast());

  await ask("serve");
  check((await li.sync({})).pushed >= 1, "li has pushed");
  const [receipt] = await li.carryReceipts();
  equal(receipt.userName, "王芳");
  const back = await wang.carryImport(receipt.data);
  equal([back.type, back.entries], ["Receipt", bundle.entries]);
  equal((await wang.get(visit)).delivery, "AtServer");
  await wang.sync({});
  await li.sync({});
  equal((await wang.status()).pending, 0);
  equal(await li.carried(), []);
  equal(shown(await li.get(visit), "notes"), "老人独居,电灯已修好");

  // Both sides of the place are there on both phones until somebody chooses.
  for (const phone of [wang, li]) {
    const [conflict] = (await phone.get(matter)).conflicts;
    equal(conflict.sides.map((s) => s.value.text).sort(), ["三号楼东侧", "三号楼西侧"].sort());
    equal(conflict.sides.map((s) => s.userName).sort(), ["李伟", "王芳"].sort());
  }
  await li.choose(matter, "place", { type: "Text", text: "三号楼东侧" });
  await li.sync({});
  await wang.sync({});
  for (const phone of [wang, li]) {
    const record = await phone.get(matter);
    equal([shown(record, "place"), record.conflicts], ["三号楼东侧", []]);
  }
  const found = await li.list({ text: "电灯", form: "visit" });
  equal([found.items.map((r) => r.id), found.total], [[visit], 1]);
  equal(await li.count({ form: "visit", text: "电灯" }), 1);

  // A supervisor opens the visit; its author's phone learns of it.
  await ask("see", visit);
  await wang.sync({});
  equal((await wang.get(visit)).delivery, "SeenBySupervisor");
  const actions = (await wang.nextTransitions(matter)).map((t) => t.action);
  check(actions.includes("escalate") && !actions.includes("accept"), actions.join());
  await rejected("transition_not_allowed", () => wang.transition(matter, "dispatch"));
  await wang.comment(matter, "居民很着急");
  equal((await wang.comments(matter)).map((c) => c.text), ["居民很着急"]);
  const history = await wang.history(matter);
  equal(history[0].userName, "王芳");
  check(history.some((e) => e.words.some((line) => line.includes("居民很着急"))), "the comment is told");

  // Li's grant ends while Li is offline: what was typed comes in late and is kept.
  await ask("stop");
  await ask("run", "grant", "end", await ask("grant", "李伟"));
  await li.edit(visit, [notes("灯又坏了")]);
  await ask("serve");
  const report = await li.sync({});
  equal([report.admitted, report.refused, report.erasedStreams.length > 0], [1, 0, true]);
  equal(await li.get(visit), null);
  await wang.sync({});
  equal(shown(await wang.get(visit), "notes"), "灯又坏了");
  equal((await wang.history(visit)).at(-1).state, { type: "Admitted", late: true });

  watching.stop();
  const lost = [];
  wang.onLost((why) => lost.push(why.type));
  await wang.wipe();
  equal(lost, ["Closed"]);
  await fails("Closed", () => wang.status());
  await fails("NoStore", () => open("wang", { existing: true }));
  equal(await storeInfo("wang"), { exists: false, key: null, persisted: (await storeInfo("li")).persisted });
  await fails("InUse", () => wipeStore("li"));
  await li.close();
  await wipeStore("li");
  equal((await storeInfo("li")).exists, false);
}

/** Edits one after the other until the browser is killed. */
export async function editForEver(name) {
  const phone = await open(name);
  for (let n = (await phone.count({ form: "visit" })) + 1; ; n++) {
    await phone.create(GRID, "visit", [notes(`第 ${n} 次`)]);
    void ask("acked", n);
  }
}

/** How many visits there are and wait. */
export async function counted(name) {
  const phone = await open(name);
  const found = [await phone.count({ form: "visit" }), (await phone.status()).pending];
  await phone.close();
  return found;
}

export async function begin(name, code) {
  await (await enrolled(name, code)).close();
}

/** Writes so many visits, syncs until nothing waits, and says how many there are and wait. */
export async function writeAndSync(name, more) {
  const phone = await open(name);
  for (let n = 0; n < more; n++) await phone.create(GRID, "visit", [notes("抄一份")]);
  await phone.sync({});
  const report = await phone.sync({});
  equal(report.refused, 0);
  const found = [await phone.count({ form: "visit", text: "抄一份" }), (await phone.status()).pending];
  await phone.close();
  return found;
}

/** In a page that stays. */
export async function hold(name) {
  globalThis.phone = await open(name);
  globalThis.lost = [];
  globalThis.phone.onLost((why) => globalThis.lost.push(why.type));
}

export const isLost = () => globalThis.lost;

export async function useHere(name) {
  await fails("InUse", () => open(name));
  const phone = await open(name, { takeOver: true });
  await phone.create(GRID, "visit", [notes("这里")]);
  await phone.close();
}

export async function noLonger() {
  await until("it is told", () => globalThis.lost.length === 1);
  equal(globalThis.lost, ["TakenOver"]);
  await fails("TakenOver", () => globalThis.phone.status());
}

/** A worker that crashes in the middle of an edit. */
export async function crash(name) {
  const phone = await open(name);
  const states = [];
  phone.onState((state) => states.push(state.type));
  const events = [];
  await phone.watch({ type: "List", query: { form: "visit" } }, (event) => events.push(event.page.total));
  const kept = await phone.create(GRID, "visit", [notes("之前")]);
  const before = (await phone.status()).pending;
  await until("the list", () => events.at(-1) === before);
  new BroadcastChannel("test").postMessage("crash");
  await until("the crash", async () => {
    const tries = [phone.create(GRID, "visit", [notes("当中")]), phone.status()];
    const ended = await Promise.allSettled(tries);
    return ended[0].status === "rejected" && ended[0].reason.code === "Restarted";
  });
  const found = await phone.get(kept);
  equal(shown(found, "notes"), "之前");
  check(states.includes("Restarting") && states.at(-1) === "Open", states.join());
  // What is watched is told by the new instance too.
  const seen = events.length;
  await phone.create(GRID, "visit", [notes("之后")]);
  await until("the list again", () => events.length > seen);
  await phone.close();
}

export async function crashesEachTime() {
  await fails("Broken", () => open("crashes"));
}

export async function full(name) {
  const phone = await open(name);
  const before = await phone.count({ form: "visit" });
  new BroadcastChannel("test").postMessage("full");
  let stored = 0;
  await until("the storage is full", async () => {
    try {
      await phone.create(GRID, "visit", [notes("满")]);
      stored++;
    } catch (error) {
      equal(error.code, "StorageFull");
      return true;
    }
    return false;
  });
  check((await phone.count({ form: "visit" })) >= before, "reads go on");
  await phone.close();
  return stored;
}

/** The site's data is cleared under the open app. */
export async function vanish(name) {
  const phone = await open(name);
  const lost = [];
  phone.onLost((why) => lost.push(why));
  await phone.create(GRID, "visit", [notes("还没有发送")]);
  await ask("clear");
  const error = await fails("Vanished", () => phone.create(GRID, "visit", [notes("不见了")]));
  check(error.message.length > 0, "it says so");
  equal(lost.map((why) => why.type), ["Vanished"]);
  return lost[0].sent;
}

export async function pin() {
  const phone = await open("pin", { key: { by: "Pin", pin: "4711" } });
  await phone.close();
  equal((await storeInfo("pin")).key, "Pin");
  await fails("WrongKey", () => open("pin", { key: { by: "Pin", pin: "4712" } }));
  await fails("WrongKey", () => open("pin"));
  const again = await open("pin", { key: { by: "Pin", pin: "4711" } });
  await again.keepKey({ by: "Browser" });
  await again.close();
  await (await open("pin")).close();
  const app = await open("app", { key: { by: "App", key: new Uint8Array(32).fill(7) } });
  await app.close();
  await fails("WrongKey", () => open("app", { key: { by: "App", key: new Uint8Array(32).fill(8) } }));
}

/** Syncs that end in the middle, and syncing by itself. */
export async function byItself(code) {
  let phone = await enrolled("auto", code);
  await phone.sync({});
  const visit = await phone.create(GRID, "visit", [text("safety_finding", "楼道堆物")]);
  await ask("hang", "yes");
  const states = [];
  await phone.watch({ type: "Sync" }, (event) => states.push(event.state.type));
  const syncing = fails("Cancelled", () => phone.sync({}));
  await until("the sync runs", () => states.at(-1) === "Running");
  // Edits and reads go on meanwhile.
  equal((await phone.status()).pending, 1);
  await phone.cancelSync();
  await syncing;
  await ask("hang", "no");
  await phone.close();

  phone = await open("auto", { autoSync: { intervalS: 3600, debounceS: 0 } });
  await until("the first sync", async () => (await phone.get(visit)).delivery === "AtServer");
  await phone.edit(visit, [text("safety_finding", "楼道堆物,已清理")]);
  await until("the next sync", async () => (await phone.status()).pending === 0);
  await phone.close();
}

/** What is not what a call takes is said before anything is done. */
export async function misuse() {
  const phone = await open("misuse");
  for (const work of [
    () => phone.create(1, "visit", []),
    () => phone.create(GRID, "visit", [{ type: "NoSuch" }]),
    () => phone.list({ limit: -1 }),
    () => phone.proposedDue("x", null, 2 ** 60),
  ]) {
    const error = await work().then(() => null, (e) => e);
    check(error instanceof TypeError, `${error}`);
  }
  await phone.close();
}

/** How long things take here, by the wall clock. */
export async function figures(codes) {
  const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1].toFixed(2) + " ms";
  const timed = async (work) => {
    const begun = performance.now();
    await work();
    return performance.now() - begun;
  };
  const repeat = async (times, work) => {
    const all = [];
    for (let n = 0; n < times; n++) all.push(await timed(() => work(n)));
    return median(all);
  };
  const out = {};
  let phone = await enrolled("figures", codes[0]);
  await phone.sync({});
  const visit = (n) => [notes(`老人独居,第 ${n} 次走访,电灯已修好`), text("safety_finding", `楼道 ${n}`)];
  const saves = [];
  for (let n = 0; n < 5000; n++) saves.push(await timed(() => phone.create(GRID, "visit", visit(n))));
  out["durable save of one visit, median of 5,000"] = median(saves);
  out["push of 5,000"] = `${(await timed(() => phone.sync({}))).toFixed(0)} ms`;
  out["list of 50 of 5,000"] = await repeat(50, () => phone.list({ form: "visit", limit: 50 }));
  out["one record"] = await repeat(200, async () => phone.get((await phone.list({ limit: 1 })).items[0].id));
  await phone.close();
  out["open with 5,000"] = `${(await timed(async () => (phone = await open("figures")))).toFixed(0)} ms`;
  await phone.close();
  const other = await enrolled("first-pull", codes[1]);
  let report;
  out["first pull of 5,000"] = `${(await timed(async () => (report = await other.sync({})))).toFixed(0)} ms, ${report.roundTrips} round trips, ${report.bytesDown} bytes down`;
  await other.close();
  return out;
}
