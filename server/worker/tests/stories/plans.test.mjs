/** What plans are due for, in a worker's hand: seen, sought, done by a visit and begun as a task, all without a signal. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import {
  AREA,
  enrol,
  Handset,
  keptForOffline,
  ready,
  recordsOf,
  Server,
  shot,
  syncs,
  until,
  usable,
} from './harness.mjs';
import { found } from './town.mjs';

const DAY_MS = 86_400_000;
/** As many as make three pages of the list. */
const MANY = 110;

let server, handset, other, page, theirs, town, inNeed;

/** A day of the calendar in Beijing, so many from today. */
const day = (from) => new Date(Date.now() + 8 * 3_600_000 + from * DAY_MS).toISOString().slice(0, 10);

const PLANS = [
  {
    code: 'hardship',
    label: { zh: '走访困难户', en: 'Hardship visits' },
    about: 'household',
    only: { includes: ['care_needs', 'low_income'] },
    every: { amount: 30, unit: 'days' },
    makes: { form: 'task', priority: 'urgent' },
    done_by: 'visit',
    done_if: { not: { equals: ['result', 'absent'] } },
  },
  {
    code: 'meters',
    label: { zh: '查看燃气表', en: 'Gas meters' },
    about: 'household',
    every: { amount: 30, unit: 'days' },
    // Two days of them have passed.
    within_days: 1,
    makes: { form: 'task' },
  },
  {
    code: 'gates',
    label: { zh: '巡查大门', en: 'Gate round' },
    area: AREA.one,
    every: { amount: 30, unit: 'days' },
    stops: [{ name: '东门', lat_e7: 391_300_000, lon_e7: 1_172_000_000 }, { name: '西门' }],
    makes: { form: 'task' },
  },
];

async function publish(plan) {
  await server.call('POST', '/v1/plans', { version: 1, area: AREA.community, begins: day(-2), ...plan });
}
async function home(address, fields = {}) {
  const { record } = await server.call('POST', '/v1/records', {
    grid: AREA.one,
    form: 'household',
    fields: { address, ...fields },
  });
  return record.record_id;
}
const counts = async (plan) => (await server.call('GET', `/v1/plans/${plan}/due`)).total;

before(async () => {
  server = await Server.start();
  town = await found(server);
  inNeed = await home('和平里5号楼101', { care_needs: ['low_income'], location: { lat: 39.1239, lon: 117.2061 } });
  for (const plan of PLANS) await publish(plan);
  handset = new Handset();
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
  await keptForOffline(page);
  other = new Handset();
  theirs = await other.start(server);
  await enrol(other, theirs, town.zhao.user_id);
  await keptForOffline(theirs);
});
after(async () => {
  await handset?.end();
  await other?.end();
  await server?.end();
});

const planned = (at = page) => at.locator('[data-list=planned]');
const lines = (at = page) => planned(at).locator('li');
const names = (at = page) => planned(at).locator('.name').allTextContents();
const chip = (text) => page.locator('label.chip', { hasText: text });
const total = (text) => page.getByText(text, { exact: true }).waitFor();

test('what is due by plan stands on Today without a signal: what is overdue first and marked, with the count of all', async () => {
  await syncs(handset, page);
  await handset.loseSignal();
  await handset.open(page);
  await planned().waitFor();
  // Three meters, of which the time is over; one in need and the round, of which it is not.
  await planned().getByRole('heading').getByText('5', { exact: true }).waitFor();
  await planned().getByText('其中 3 项已超时').waitFor();
  const said = await lines().allInnerTexts();
  assert.equal(said.length, 5);
  for (const [n, text] of said.entries()) assert.equal(/已超时/.test(text), n < 3, text);
  assert.match(said[3], /和平里5号楼101[\s\S]*走访困难户[\s\S]*紧急/, 'the most urgent before the round');
  assert.match(said[4], /第一网格[\s\S]*巡查大门/);
  await shot(page, 'planned-today');
  await usable(page, 'Today with what is due by plan');
});

test('the whole list is by plan, by need or by time, and only what is overdue', async () => {
  await planned().getByRole('link', { name: '查看全部 5 项' }).click();
  await total('共 5 项');
  assert.match((await names())[0], /和平里5号楼101/, 'the most urgent first');
  await chip('按时限').click();
  await until('by time', async () => /已超时/.test((await lines().allInnerTexts())[0]));
  await chip('查看燃气表').click();
  await total('共 3 项');
  await page.locator('[data-period]').getByText('已超时 3').waitFor();
  await chip('全部计划').click();
  await total('共 5 项');
  await chip('只看已超时').click();
  await total('共 3 项');
  await shot(page, 'planned-list');
  await usable(page, 'what is due by plan');
  await page.setViewportSize({ width: 320, height: 640 });
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await usable(page, 'what is due by plan, with large text at 320 px');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => (document.documentElement.style.fontSize = ''));
  await chip('只看已超时').click();
  // Who comes back finds the list as they left it.
  await chip('查看燃气表').click();
  await total('共 3 项');
  await lines().first().getByRole('link').click();
  await page.getByRole('heading', { name: '按计划该做' }).waitFor();
  await page.goBack();
  await total('共 3 项');
  await chip('全部计划').click();
});

test('it is nearest first once the person has tapped for it, and nobody asks for the place before', async () => {
  const cdp = await handset.context.newCDPSession(page);
  await page.addInitScript(() => {
    const real = navigator.geolocation.watchPosition.bind(navigator.geolocation);
    window.placesAsked = 0;
    navigator.geolocation.watchPosition = (...all) => {
      window.placesAsked += 1;
      return real(...all);
    };
  });
  await handset.open(page, 'planned?order=near');
  await total('共 5 项');
  assert.equal(await page.evaluate(() => window.placesAsked), 0);
  assert.ok(await page.getByRole('radio', { name: '按需要' }).isChecked());
  // Refused, the order stays as it was, with the reason.
  await cdp.send('Browser.setPermission', {
    permission: { name: 'geolocation' },
    setting: 'denied',
    origin: new URL(server.url).origin,
  });
  await chip('由近到远').click();
  await page.getByText('没有定位许可，不能按远近排。').waitFor();
  assert.ok(await page.getByRole('radio', { name: '按需要' }).isChecked());
  await handset.context.grantPermissions(['geolocation'], { origin: new URL(server.url).origin });
  // Beside 502: a hundred metres from it.
  await cdp.send('Emulation.setGeolocationOverride', { latitude: 39.123, longitude: 117.2051, accuracy: 12 });
  await chip('由近到远').click();
  await planned().getByText('100 米').waitFor();
  const said = await names();
  assert.equal(said[0], '和平里3号楼2单元502');
  assert.equal(said.at(-1), '第一网格', 'the round begins farthest off');
  await shot(page, 'planned-nearest');
  await usable(page, 'nearest first');
  assert.deepEqual(handset.complaints, []);
});

test('a visit that counts, made without a signal, takes its household off the list, and is counted as done', async () => {
  await handset.open(page, `record/${inNeed}`);
  const here = page.locator('[data-list=due-here]');
  await here.getByText('走访困难户').waitFor();
  await here.getByText('查看燃气表').waitFor();
  await shot(page, 'planned-household');
  await usable(page, 'a household with what is due there');
  await here.getByRole('link', { name: '＋ 走访：走访困难户' }).click();
  await page.getByText('日常走访', { exact: true }).click();
  await page.getByText('见到', { exact: true }).click();
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await handset.open(page, `record/${inNeed}`);
  await here.getByText('查看燃气表').waitFor();
  assert.equal(await here.getByText('走访困难户').count(), 0);
  await handset.open(page, 'planned');
  await total('共 4 项');
  await handset.findSignal();
  await syncs(handset, page);
  const { of, done, due, overdue } = await counts('hardship');
  assert.deepEqual({ of, done, due, overdue }, { of: 1, done: 1, due: 0, overdue: 0 });
});

test('what two phones begin without a signal is one task', async () => {
  const [household] = town.households;
  await syncs(other, theirs);
  await handset.loseSignal();
  await other.loseSignal();
  const ids = [];
  for (const [phone, at] of [
    [handset, page],
    [other, theirs],
  ]) {
    await phone.open(at, `record/${household}`);
    await at.getByRole('button', { name: '开始任务：查看燃气表' }).click();
    await at.getByRole('heading', { name: '查看燃气表' }).waitFor();
    ids.push(at.url().split('/').at(-1));
    await phone.open(at, `record/${household}`);
    await at.locator('[data-list=due-here]').getByRole('button', { name: '打开任务：查看燃气表' }).waitFor();
  }
  assert.equal(ids[0], ids[1]);
  await handset.findSignal();
  await other.findSignal();
  await syncs(handset, page);
  await syncs(other, theirs);
  const tasks = await recordsOf(server, 'task');
  assert.deepEqual(
    tasks.map(({ record_id: id }) => id),
    [ids[0]],
  );
  assert.equal((await counts('meters')).begun, 1);
  // It is not begun again but opened, and once it is done it is due no more.
  await syncs(handset, page);
  await handset.open(page, `record/${household}`);
  await page.getByRole('button', { name: '打开任务：查看燃气表' }).click();
  await page.getByRole('button', { name: '完成', exact: true }).click();
  await page.getByRole('dialog', { name: '完成' }).getByRole('button', { name: '完成', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await handset.open(page, 'planned');
  await total('共 3 项');
  await syncs(handset, page);
  assert.equal((await counts('meters')).done, 1);
});

test('a round is begun from the list, and opens with its stops', async () => {
  await handset.open(page, 'planned');
  await chip('巡查大门').click();
  await page.getByRole('button', { name: '开始任务：第一网格 · 巡查大门' }).click();
  await page.getByRole('heading', { name: '巡查大门' }).waitFor();
  await page.getByText(/东门/).waitFor();
  await page.getByText(/西门/).waitFor();
  await handset.open(page, 'planned?plan=gates');
  await lines().getByText('李网格员 已开始').waitFor();
});

test('a task is declined with words, handed to a colleague, and what they decline comes back to who handed it on', async () => {
  const doer = { user_id: town.li.user_id, name: town.li.name };
  const fields = { title: '张贴通知', doer, issuer: { user_id: town.wang.user_id, name: town.wang.name } };
  const { record } = await server.call('POST', '/v1/records', { grid: AREA.one, form: 'task', fields });
  const id = record.record_id;
  const stands = async () => (await server.call('GET', `/v1/records/${id}`)).status;
  const asked = (at, name) => at.getByRole('dialog', { name });
  await syncs(handset, page);
  await handset.loseSignal();
  await handset.open(page, `record/${id}`);
  await page.getByRole('button', { name: '签收', exact: true }).click();
  await asked(page, '签收').getByRole('button', { name: '签收', exact: true }).click();
  await page.getByRole('button', { name: '转交', exact: true }).click();
  const over = asked(page, '转交');
  await over.getByLabel('说明原因').fill('这两天不在');
  await over.getByRole('button', { name: '转交', exact: true }).click();
  await over.getByText('请写明交给谁。').waitFor();
  await over.getByLabel('执行人').fill(town.zhao.name);
  await usable(page, 'handing over');
  await over.getByRole('button', { name: '转交', exact: true }).click();
  await over.waitFor({ state: 'detached' });
  await handset.findSignal();
  await syncs(handset, page);
  const held = await server.call('GET', `/v1/records/${id}`);
  assert.equal(held.status, 'issued');
  assert.equal(held.fields.doer.user_id ?? held.fields.doer, town.zhao.user_id);
  await syncs(other, theirs);
  await other.open(theirs, `record/${id}`);
  await theirs.getByRole('button', { name: '退办', exact: true }).click();
  await asked(theirs, '退办').getByLabel('说明原因').fill('没有梯子');
  await asked(theirs, '退办').getByRole('button', { name: '退办', exact: true }).click();
  await asked(theirs, '退办').waitFor({ state: 'detached' });
  await syncs(other, theirs);
  await until('it is declined', async () => (await stands()) === 'declined');
  await syncs(handset, page);
  await handset.open(page);
  // With its words on the phone of who handed it on, whose it is again.
  await page.locator('[data-list=back]').getByText('没有梯子').waitFor();
  // A part of it is made from its page, by who hands that out.
  await handset.open(page, `record/${id}`);
  await page.getByRole('link', { name: '＋ 分出任务' }).click();
  await page.getByLabel('任务名称').fill('借梯子');
  assert.equal(await page.getByLabel('下达人').inputValue(), town.li.name);
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('heading', { name: '借梯子' }).waitFor();
  await handset.open(page, `record/${id}`);
  await page.getByRole('link', { name: /借梯子/ }).waitFor();
});

test('hundreds come page by page as somebody scrolls, in one order', async () => {
  for (let n = 0; n < MANY; n += 1) await home(`新村${String(n).padStart(3, '0')}号`);
  await syncs(handset, page);
  await handset.loseSignal();
  await handset.open(page, 'planned?plan=meters');
  await total(`共 ${MANY + 2} 项`);
  assert.ok((await lines().count()) <= 100);
  await until('all of them', async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    return (await lines().count()) === MANY + 2;
  });
  assert.equal(new Set(await names()).size, MANY + 2, 'each once');
  await handset.findSignal();
});

test('nothing complained and nothing was asked for elsewhere', async () => {
  await ready(page);
  for (const phone of [handset, other]) {
    assert.deepEqual(phone.complaints, []);
    assert.deepEqual(phone.elsewhere, []);
  }
});
