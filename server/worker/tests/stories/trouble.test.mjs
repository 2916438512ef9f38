/** What goes wrong in the field: a grid given to somebody else, a full phone, a week in a drawer, an update in the middle, refusals. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { NEWER } from './front.mjs';
import {
  AREA,
  enrol,
  Handset,
  keptForOffline,
  Phone,
  ready,
  recordsOf,
  Server,
  shot,
  SIZE,
  syncs,
  until,
  usable,
  invite,
} from './harness.mjs';
import { found, person } from './town.mjs';

const DAY_MS = 86_400_000;
let server, handset, page, town;

before(async () => {
  // Before the server stands what can cut its line and bring a newer app.
  server = await Server.start({ front: true });
  town = await found(server);
  handset = new Handset();
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
  await keptForOffline(page);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

// A story that failed leaves no line cut for the next.
beforeEach(async () => {
  server.front.holds = false;
  server.front.swallows = false;
  await handset.findSignal();
});

const waits = (n, at = page) => at.getByText(n === 0 ? '全部已送出' : `${n} 项修改等待送出`).waitFor();
const save = () => page.getByRole('button', { name: '保存', exact: true }).click();
const sync = async () => {
  await handset.open(page);
  await page.getByRole('button', { name: '同步', exact: true }).click();
};
/** Writes a visit of a purpose, and its words. */
async function visit(purpose, notes = '') {
  await handset.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByText(purpose, { exact: true }).click();
  if (notes) await page.getByLabel('走访记录').fill(notes);
  await save();
  await page.getByRole('heading', { name: purpose }).waitFor();
}

test('of two phones in conflict, one of them no browser, the browser shows both sides and settles it', async () => {
  const other = new Phone({ dir: server.dir, url: server.url }, 'other', 7);
  const [household] = town.households;
  try {
    await other.do('enrol', { qr: (await invite(server, town.zhao.user_id)).qr });
    await handset.loseSignal();
    await handset.open(page, `edit/${household}`);
    await page.getByLabel('联系电话').fill('13900000001');
    await save();
    await page.getByText('仅在手机上').first().waitFor();
    await other.do('set', { record: household, field: 'phone', text: '13900000002' });
    await other.do('sync');
    await handset.findSignal();
    await sync();
    await page.locator('[data-list=conflict]').getByRole('link').click();
    await page.getByText('“联系电话”有 2 种写法').waitFor();
    await page.getByText('赵网格员').waitFor();
    await page.getByRole('button', { name: '选这个：13900000001' }).click();
    await page.getByText('“联系电话”有 2 种写法').waitFor({ state: 'detached' });
    await sync();
    await waits(0);
    await other.do('sync');
    const theirs = await other.do('get', { record: household });
    assert.deepEqual([theirs.fields.phone, theirs.conflicts], ['13900000001', 0]);
  } finally {
    other.end();
  }
});

test('a newer app waits while something is half typed, and takes over with edits in the queue', async () => {
  server.front.holds = true;
  await visit('安全检查');
  await visit('政策宣传');
  await handset.open(page);
  await waits(2);
  await page.getByRole('link', { name: '记录', exact: true }).click();
  await page.getByRole('link', { name: '走访', exact: true }).click();
  await page.getByLabel('走访记录').fill('写到一');
  await page.getByText('草稿已存在手机上').waitFor();
  server.front.isNewer = true;
  // An app that could not be fetched whole is asked for again, as the app does by itself later.
  await until('the newer app is kept', () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      if (!registration.installing && !registration.waiting) await registration.update();
      return registration.waiting !== null;
    }),
  );
  await page.locator('[data-newer=true]').waitFor();
  assert.equal(await page.getByText('应用有新版本').count(), 0, 'it is not offered in the middle of a word');
  await page.getByLabel('走访记录').press('End');
  await page.keyboard.type('半');
  await page.getByText('草稿已存在手机上').waitFor();
  await page.getByRole('button', { name: '返回' }).click();
  await page.getByText('应用有新版本').waitFor();
  await shot(page, 'update');
  assert.equal(await page.locator(NEWER).count(), 0);
  await page.getByRole('button', { name: '现在更新' }).click();
  await page.waitForSelector(NEWER, { state: 'attached' });
  await handset.open(page);
  await waits(2);
  await page.getByRole('link', { name: /走访，还没写完/ }).click();
  assert.equal(await page.getByLabel('走访记录').inputValue(), '写到一半');
  await page.getByRole('button', { name: '丢弃' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '丢弃' }).click();
  // The app goes back by itself, and would break off a page that is opened meanwhile.
  await page.getByLabel('走访记录').waitFor({ state: 'detached' });
  server.front.holds = false;
  await sync();
  await waits(0);
  const purposes = (await recordsOf(server, 'visit')).map(({ title }) => title).sort();
  assert.deepEqual(purposes, ['notice', 'safety']);
});

test('with no room left it is said, what is typed stays on the screen, and is kept once there is room', async () => {
  const cdp = await handset.context.newCDPSession(page);
  const room = (quotaSize) =>
    cdp.send('Storage.overrideQuotaForOrigin', { origin: new URL(server.url).origin, quotaSize });
  await handset.loseSignal();
  await handset.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByText('居民诉求', { exact: true }).click();
  const notes = page.getByLabel('走访记录');
  await notes.fill('第一句。');
  await page.getByText('草稿已存在手机上').waitFor();
  await room(1);
  // Longer each time, and nothing that could be packed, so that no room that the store has left in its file is enough.
  const long = (n) =>
    `第${n}段：${Array.from({ length: Math.min(n * 100, 4_900) }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7919 + n * 104_729 + at * at) % 20_000))).join('')}`;
  let text = '';
  for (let n = 1; (await page.getByText('最后写的还没有存下').count()) === 0; n += 1) {
    assert.ok(n < 200, 'the store is full at some time');
    text = long(n);
    await notes.fill(text);
    await page.locator('.kept:not(:has-text("…"))').or(page.getByText('最后写的还没有存下')).first().waitFor();
  }
  await page.getByText('手机存储空间已满').first().waitFor();
  await shot(page, 'full');
  assert.equal(await notes.inputValue(), text, 'what is typed stays on the screen');
  // In sight, however far down the form one types.
  const { y, height } = await page.getByText('最后写的还没有存下').boundingBox();
  assert.ok(y >= 0 && y + height <= SIZE.height, `said at ${y}`);
  await save();
  await page.getByRole('dialog').getByText('手机存储空间已满').waitFor();
  await page.getByRole('button', { name: '知道了' }).click();
  assert.equal(await notes.inputValue(), text);
  await room();
  await notes.press('Control+End');
  await page.keyboard.type('完。');
  await page.getByText('草稿已存在手机上').waitFor();
  assert.equal(await page.getByText('最后写的还没有存下').count(), 0);
  await handset.kill();
  page = await handset.start(server);
  await handset.open(page);
  await page.getByRole('link', { name: /走访，还没写完/ }).click();
  assert.equal(await page.getByLabel('走访记录').inputValue(), `${text}完。`);
  await handset.findSignal();
  await save();
  await page.getByRole('heading', { name: '居民诉求' }).waitFor();
  await sync();
  await waits(0);
  const [newest] = (await recordsOf(server, 'visit')).filter(({ title }) => title === 'request');
  const { fields } = await server.call('GET', `/v1/records/${newest.record_id}`);
  assert.equal(fields.notes, `${text}完。`);
});

test('a grid given to somebody else while edits wait: they arrive as late, and the phone says what became of it', async () => {
  await server.call('POST', '/v1/grants', { user_id: town.li.user_id, role: 'worker', area: AREA.two });
  await syncs(handset, page);
  await handset.open(page, 'me');
  await page.getByText('第二网格').waitFor();
  await handset.loseSignal();
  await visit('关怀慰问', '送药上门');
  await handset.open(page, `edit/${town.households[1]}`);
  await page.getByLabel('户主姓名').fill('李建国');
  await save();
  await page.getByText('仅在手机上').first().waitFor();
  await server.call('POST', `/v1/grants/${town.li.grant}/end`, {});
  await handset.findSignal();
  await sync();
  await page.getByText(/您不再负责第一网格/).waitFor();
  await waits(0);
  await shot(page, 'ended');
  assert.equal((await server.call('GET', `/v1/records/${town.households[1]}`)).fields.head_name, '李建国');
  const visits = await recordsOf(server, 'visit');
  const late = visits.find(({ title }) => title === 'care');
  assert.equal(late?.late, true, JSON.stringify(late));
  // It is said until it was read, also after a new start.
  await page.reload();
  await ready(page);
  await page.getByText(/您不再负责第一网格/).waitFor();
  await page.getByRole('button', { name: '知道了' }).click();
  await page.getByText(/您不再负责/).waitFor({ state: 'detached' });
  await page.reload();
  await ready(page);
  assert.equal(await page.getByText(/您不再负责/).count(), 0);
  await handset.open(page, 'search');
  await page.getByText('共 0 条').waitFor();
  // The next worker of the grid sees it, and that it was late.
  const next = new Handset();
  try {
    const theirs = await next.start(server);
    await enrol(next, theirs, town.zhao.user_id);
    await next.open(theirs, `history/${late.record_id}`);
    await theirs.getByText('授权结束后送达').first().waitFor();
    assert.deepEqual(next.complaints, []);
  } finally {
    await next.end();
  }
});

test('a refused edit is kept with its reason, mended, and sent again', async () => {
  // A grant of long ago, ended by mistake as if it had been over for two months.
  const ago = (days) => new Date(Date.now() - days * DAY_MS).toISOString();
  const sun = await person(server, '孙网格员', 'worker', AREA.two);
  const grant = { user_id: sun.user_id, role: 'worker', area: AREA.one };
  const { grant_id: old } = await server.call('POST', '/v1/grants', { ...grant, from: ago(90) });
  const [household] = town.households;
  const name = async () => (await server.call('GET', `/v1/records/${household}`)).fields.head_name;
  const third = new Handset();
  try {
    const at = await third.start(server);
    const pushed = async () => {
      await third.open(at);
      await at.getByRole('button', { name: '同步', exact: true }).click();
      await waits(0, at);
    };
    const typed = () => at.getByLabel('户主姓名');
    const saved = () => at.getByRole('button', { name: '保存', exact: true }).click();
    await enrol(third, at, sun.user_id);
    await keptForOffline(at);
    await third.loseSignal();
    await third.open(at, `edit/${household}`);
    await typed().fill('王小');
    await saved();
    await at.getByText('仅在手机上').first().waitFor();
    await server.call('POST', `/v1/grants/${old}/end`, { at: ago(60) });
    await third.findSignal();
    await pushed();
    await at.getByRole('heading', { name: /被退回的修改/ }).waitFor();
    assert.notEqual(await name(), '王小');
    await at.getByText('查看原因，改好再送').click();
    await at.locator('.note.bad').getByText(/授权/).waitFor();
    await at.getByText('户主姓名：王小').waitFor();
    await shot(at, 'refused-ended');
    await usable(at, 'refused');
    await server.call('POST', '/v1/grants', grant);
    await pushed();
    await third.open(at, 'refused');
    await at.getByRole('button', { name: '改一改' }).click();
    await at.waitForURL(/\/m\/draft\//);
    await at.waitForFunction(() => [...document.querySelectorAll('input')].some(({ value }) => value === '王小'));
    await typed().fill('王小明');
    await saved();
    await at.getByRole('button', { name: '修改' }).waitFor();
    await pushed();
    await until('the mended edit is at the server', async () => (await name()) === '王小明');
    await third.open(at, 'refused');
    await at.getByText('没有被退回的修改。').waitFor();
    assert.deepEqual(third.complaints, []);
  } finally {
    await third.end();
  }
});

test('seven days unopened: what waited is still there, is said to have waited, and is sent', async () => {
  await handset.loseSignal();
  await visit('日常走访', '第一天写的');
  await handset.open(page, 'new/visit');
  await page.getByLabel('走访记录').fill('还没写完的');
  await page.getByText('草稿已存在手机上').waitFor();
  await handset.kill();
  await server.stop();
  page = await handset.start(server, { days: 7 });
  await handset.open(page);
  await page.getByText('李网格员').waitFor();
  assert.ok((await page.evaluate(() => Date.now())) - Date.now() > 6 * DAY_MS, 'the clock is a week ahead');
  await waits(1);
  await page.getByText('已等 7 天').waitFor();
  await shot(page, 'seven-days');
  await page.getByRole('link', { name: /走访，还没写完/ }).click();
  assert.equal(await page.getByLabel('走访记录').inputValue(), '还没写完的');
  await server.back({ days: 7 });
  await handset.findSignal();
  await sync();
  await waits(0);
  const visits = await recordsOf(server, 'visit');
  const routine = visits.find(({ title }) => title === 'routine');
  assert.equal((await server.call('GET', `/v1/records/${routine.record_id}`)).fields.notes, '第一天写的');
});

test('a sync that hangs from before an outage keeps nobody waiting after it', async () => {
  server.front.holds = true;
  await visit('政策宣传');
  server.front.holds = false;
  server.front.swallows = true;
  await page.getByRole('button', { name: '返回' }).click();
  await handset.open(page);
  await until('a request hangs', () => server.front.swallowed > 0);
  server.front.swallows = false;
  await handset.loseSignal();
  await handset.findSignal();
  await waits(0);
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(handset.complaints, []);
  assert.deepEqual(handset.elsewhere, []);
});
