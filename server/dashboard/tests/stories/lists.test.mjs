/** What somebody who looks for one among many sees and does: lists, the search over everything, the map, and how many clicks the day takes. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot, SOON_MS, WIDTHS } from './harness.mjs';
import { csvRows } from './sheet.mjs';
import { AREA, disagree, found, PASSWORD } from './town.mjs';

const ALIKE = '居民诉求';
let server, browser, town, page;
/** Two households of different addresses, and matters of one title about them. */
let households, matters;

async function address(household) {
  return (await server.call('GET', `/v1/records/${household}`)).title;
}
/** A matter that the office took in, about a household. */
async function matter(household, description, assignee, more = {}) {
  const fields = {
    kind: 'other',
    summary: ALIKE,
    description,
    household,
    assignee,
    reported_at: '2026-06-10T08:00:00Z',
    ...more,
  };
  const made = await server.call('POST', '/v1/records', { grid: AREA.one, form: 'matter', fields });
  return made.record.record_id;
}

before(async () => {
  server = await Server.start();
  town = await found(server);
  const [{ phone }] = town.workers;
  households = [];
  for (let n = 0; n < 2; n += 1) households.push((await phone.do('capture', { form: 'household' })).record);
  await phone.do('sync');
  const place = (n) => ({ location: { lat: 39.13 + n / 100, lon: 117.21 + n / 100 } });
  matters = [
    await matter(households[0], '楼道灯不亮，三楼以上全黑', '李网格员', place(0)),
    await matter(households[1], '下水道堵了，一楼返水', '赵网格员', { ...place(1), due_at: '2026-07-01T00:00:00Z' }),
  ];
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const button = (name) => page.getByRole('button', { name });
async function open(path, at = page) {
  await at.goto(server.url + path);
  await ready(at);
}
/** What tells the two matters apart stands beside each. */
async function toldApart(lines) {
  await lines.nth(1).waitFor();
  const texts = (await lines.allInnerTexts()).filter((text) => text.includes('不亮') || text.includes('返水'));
  assert.equal(new Set(texts).size, 2, texts.join(' | '));
  const [first, second] = await Promise.all(households.map(address));
  const of = (what) => texts.find((text) => text.includes(what)) ?? '';
  assert.ok(of('不亮').includes(first), texts.join(' | '));
  assert.ok(of('返水').includes(second), texts.join(' | '));
  return texts;
}
/** Waits until names that came later than the rows stand there. */
async function named(at = page) {
  await at.waitForFunction(() => ![...document.querySelectorAll('.beside')].some((e) => e.textContent.includes('…')));
}

test('records of one title are told apart in every list by household, content, time, place and person', async () => {
  await open('/records?form=matter&sort=title');
  await page.locator('tbody .beside').nth(1).waitFor();
  await named();
  await toldApart(page.locator('tbody .beside'));
  await open('/matters');
  await page.locator('.work .beside').nth(1).waitFor();
  await named();
  const [card] = await toldApart(page.locator('.work .beside'));
  assert.match(card, /和平社区 \/ 第一网格/);
  assert.match(card, /2026\/06\/10 16:00/);
  assert.match(card, /李网格员|赵网格员/);
  await open('/matters?as=list');
  await page.locator('tbody .beside').nth(1).waitFor();
  await named();
  await toldApart(page.locator('tbody .beside'));
  await accessible(page, 'matters told apart');
});

test('what waits says about which record it is, and the menu says how much waits, by itself', async () => {
  const [a, b] = town.workers;
  await open('/records');
  assert.equal(await page.locator('.badge').count(), 0);
  const visit = { household: households[0], visited_at: '2026-06-11T01:00:00Z', purpose: 'routine' };
  const made = await server.call('POST', '/v1/records', { grid: AREA.one, form: 'visit', fields: visit });
  await a.phone.do('sync');
  await b.phone.do('sync');
  await a.phone.do('set', { record: made.record.record_id, field: 'safety_finding', text: '楼道堆物' });
  await b.phone.do('set', { record: made.record.record_id, field: 'safety_finding', text: '线路老化' });
  await a.phone.do('sync');
  await b.phone.do('sync');
  const badge = page.locator('.side .badge');
  await badge.waitFor({ timeout: SOON_MS });
  assert.match(await badge.innerText(), /^1/);
  await page.getByRole('link', { name: /待处理/ }).click();
  await page.locator('.item.conflict .beside').waitFor();
  await named();
  assert.ok((await page.locator('.item.conflict .beside').innerText()).includes(await address(households[0])));
});

test('rows stand close when somebody wants that, for that person alone', async () => {
  await open('/records?form=matter');
  const height = async () => (await page.locator('tbody tr').first().boundingBox()).height;
  const before = await height();
  await button('紧凑').click();
  const close = await height();
  assert.ok(close < before, `${close} is not less than ${before}`);
  await page.reload();
  await ready(page);
  await page.locator('tbody tr').first().waitFor();
  assert.equal(await height(), close);
  await shot(page, 'records-compact-laptop-zh');
  // Somebody else in the same browser has their own.
  await page.locator('.account summary').click();
  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.getByText('您已退出。').waitFor();
  await browser.signIn(page, 'shen', PASSWORD);
  assert.equal(await page.locator('html').getAttribute('data-density'), 'comfortable');
  await page.locator('.account summary').click();
  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.getByText('您已退出。').waitFor();
  await browser.signIn(page, 'wang', PASSWORD);
  assert.equal(await page.locator('html').getAttribute('data-density'), 'compact');
  await open('/records');
  await button('紧凑').click();
});

test('one search finds records, people and areas, from the keyboard alone', async () => {
  await open('/map');
  await page.keyboard.press('/');
  const box = page.getByRole('combobox', { name: '查找记录、人员和区域' });
  await box.waitFor();
  await page.keyboard.type('返水');
  const options = page.getByRole('option');
  await options.first().waitFor();
  await named();
  assert.equal(await options.count(), 1);
  const hit = await options.first().innerText();
  for (const part of [ALIKE, '事项', await address(households[1]), '和平社区 / 第一网格', '2026/06/10'])
    assert.ok(hit.includes(part), `${part} is not in ${hit}`);
  await accessible(page, 'searching');
  await shot(page, 'search-laptop-zh');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/records/${matters[1]}`);
  await ready(page);
  // A key that is typed into a field is a letter.
  await button('编辑: 详情').click();
  await page.getByRole('textbox', { name: '详情' }).press('/');
  assert.equal(await box.count(), 0);
  await open('/records');
  await page.keyboard.press('/');
  await box.fill('李网格');
  await page.getByRole('group', { name: '人员' }).getByRole('option').waitFor();
  const at = await page.getByRole('option').allInnerTexts();
  for (let n = 0; n < at.findIndex((text) => text.startsWith('李网格员')); n += 1)
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/administration/users?name=*');
  await page.getByRole('row', { name: /李网格员/ }).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 1);
  await page.keyboard.press('/');
  await box.fill('第二网格');
  await page.getByRole('group', { name: '区域' }).getByRole('option').waitFor();
  assert.match(await page.getByRole('option').first().innerText(), /第二网格[\s\S]*网格[\s\S]*和平社区 \/ 第二网格/);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/?area=${AREA.two}`);
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  await box.waitFor({ state: 'detached' });
});

test('who manages nobody is shown no people, and fields that one may not read find nothing', async () => {
  const other = await browser.page();
  await browser.signIn(other, 'shen', PASSWORD);
  await other.keyboard.press('/');
  const box = other.getByRole('dialog').getByRole('combobox');
  await box.fill('李网格');
  await other.waitForFunction(() =>
    /没有找到|找到 \d/.test(document.querySelector('dialog [role=status]')?.textContent),
  );
  assert.equal(await other.getByRole('group', { name: '人员' }).count(), 0);
  await box.fill(await address(households[0]));
  await other.getByText('没有找到；换个词，或少写几个字').waitFor();
  await other.context().close();
});

test('on a narrow screen the search fills it and is worked by fingers', async () => {
  const phone = await browser.page({ width: 'phone' });
  await browser.signIn(phone, 'wang', PASSWORD);
  await phone.getByRole('button', { name: '查找记录、人员和区域' }).click();
  await phone.getByRole('dialog').getByRole('combobox').fill('不亮');
  await phone.getByRole('dialog').getByRole('option').first().waitFor();
  await named(phone);
  await accessible(phone, 'searching on a narrow screen');
  await shot(phone, 'search-phone-zh');
  for (const part of [phone.getByRole('dialog'), phone.getByRole('dialog').getByRole('option').last()]) {
    const box = await part.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= WIDTHS.phone.width, JSON.stringify(box));
  }
  await phone.getByRole('dialog').getByRole('option').first().click();
  await phone.waitForURL(`**/records/${matters[0]}`);
  await phone.context().close();
});

test('the way to a page is above it, and leads back', async () => {
  await open(`/records/${matters[0]}`);
  const way = page.getByRole('navigation', { name: '当前位置' });
  await way.getByText(ALIKE).waitFor();
  assert.deepEqual(await way.locator('li').allInnerTexts(), ['总览', '事项', ALIKE]);
  await way.getByRole('link', { name: '事项' }).click();
  await page.waitForURL('**/matters');
  await open(`/administration/areas?in=${AREA.community}`);
  await way.getByText('和平社区').waitFor();
  assert.deepEqual(await way.locator('li').allInnerTexts(), ['总览', '管理', '区域', '和平社区']);
});

/** Counts what a hand does: each click of the page, wherever it was meant to go. */
async function counting(act) {
  await page.evaluate(() => {
    globalThis.clicks = 0;
    globalThis.counter ??= document.addEventListener(
      'click',
      (event) => event.isTrusted && (globalThis.clicks += 1),
      true,
    );
    globalThis.counter = true;
  });
  await act();
  return page.evaluate(() => globalThis.clicks);
}

test('the day takes few clicks: what came in, dispatch, settle, reply, export', async (context) => {
  const taken = {};
  const [{ phone, name }] = town.workers;

  await open('/');
  taken['what came in today'] = await counting(async () => {
    await page.getByRole('link', { name: /今天收到/ }).click();
    await page.waitForURL(/received_from=.*sort=-received|sort=-received.*received_from=/);
    await page.locator('tbody tr').first().waitFor();
  });
  const { total } = await server.call('GET', '/v1/records?count=true&limit=1');
  await page.getByText(`共 ${total} 条`).waitFor();

  const fresh = await matter(households[0], '单元门禁坏了', undefined);
  await server.call('POST', `/v1/records/${fresh}/transitions`, { action: 'accept', note: '' });
  await open('/matters');
  const card = page.locator('.work', { hasText: '门禁' });
  await card.waitFor();
  taken['dispatch, from the board'] = await counting(async () => {
    await card.getByRole('checkbox').click();
    await page.getByRole('region', { name: '批量操作' }).getByRole('button', { name: '派遣' }).click();
    await page.getByRole('option', { name }).click();
    await page.getByRole('dialog', { name: '派遣给人办理' }).getByRole('button', { name: '派遣' }).click();
    await page.getByText(`已派遣给 ${name}`).waitFor();
  });
  const dispatched = await server.call('GET', `/v1/records/${fresh}`);
  assert.equal(dispatched.status, 'dispatched');
  const [task] = (await server.call('GET', `/v1/records?about=${fresh}`)).records;
  assert.ok(Date.parse(task.due_at) > Date.now(), `due ${task.due_at}`);

  const reported = await matter(households[1], '井盖松动', undefined);
  await open('/');
  taken['dispatch what nobody accepted yet, from the overview'] = await counting(async () => {
    await page.getByRole('link', { name: /未办结事项/ }).click();
    const own = page.locator('.work', { hasText: '井盖松动' });
    await own.getByRole('button', { name: /^派遣/ }).click();
    const dialog = page.getByRole('dialog', { name: '派遣给人办理' });
    await dialog.getByText('会先执行“受理”').waitFor();
    await page.getByRole('option', { name }).click();
    await dialog.getByRole('button', { name: '派遣' }).click();
    await page.getByText(`已派遣给 ${name}`).waitFor();
  });
  const taking = (await server.call('GET', `/v1/records/${reported}/history`)).entries;
  const steps = taking.flatMap((entry) => entry.operations).filter((op) => op.op === 'transition');
  assert.deepEqual(
    steps.map((op) => op.action),
    ['accept', 'dispatch'],
    'each step is recorded by itself',
  );

  await disagree(town.workers);
  await open('/');
  taken['settle a conflict, from the overview'] = await counting(async () => {
    await page.getByRole('link', { name: /待处理.*冲突/s }).click();
    await page.locator('.item.conflict').last().getByRole('link', { name: '去选定' }).click();
    await page
      .getByRole('button', { name: /采用这个/ })
      .first()
      .click();
    await page.locator('.conflict').first().waitFor({ state: 'detached' });
  });

  const { record } = await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  for (const [action, note] of [
    ['accept', ''],
    ['handle', ''],
    ['resolve', ''],
  ]) {
    const { transitions } = await server.call('GET', `/v1/records/${record}`);
    if (transitions.some((step) => step.action === action))
      await server.call('POST', `/v1/records/${record}/transitions`, { action, note });
  }
  await open('/matters');
  const done = page.locator('.work', { has: page.locator(`a[href="/records/${record}"]`) });
  await done.waitFor();
  taken['reply and close, from the board'] = await counting(async () => {
    await done.getByRole('checkbox').click();
    await page.getByRole('region', { name: '批量操作' }).getByRole('button', { name: '答复并结案' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('已修好');
    await page.getByRole('dialog').getByRole('button', { name: '答复并结案' }).click();
    await page.getByText('1 项完成').waitFor();
  });
  assert.equal((await server.call('GET', `/v1/records/${record}`)).status, 'closed');

  const { record: again } = await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  for (const action of ['accept', 'handle'])
    await server.call('POST', `/v1/records/${again}/transitions`, { action, note: '' });
  await open('/');
  taken['reply and close, from the overview'] = await counting(async () => {
    await page.getByRole('link', { name: /未办结事项/ }).click();
    const own = page.locator('.work', { has: page.locator(`a[href="/records/${again}"]`) });
    await own.getByRole('button', { name: /^答复并结案/ }).click();
    // The place to write in is where one writes at once.
    const reply = page.getByRole('dialog').getByRole('textbox', { name: '答复内容' });
    await page.waitForFunction(() => document.activeElement?.id === 'reply');
    await page.keyboard.type('已修好');
    assert.equal(await reply.inputValue(), '已修好');
    await page.getByRole('dialog').getByRole('button', { name: '答复并结案' }).click();
    await page.getByText('1 项完成').waitFor();
  });
  const ended = await server.call('GET', `/v1/records/${again}`);
  assert.deepEqual([ended.status, ended.fields.reply], ['closed', '已修好']);

  await open('/records?form=matter&columns=grid&sort=captured');
  let file;
  taken['export what is shown with all columns'] = await counting(async () => {
    await button('导出').click();
    const all = page.getByRole('group', { name: '全部列' });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      all.getByRole('button', { name: 'CSV' }).click(),
    ]);
    file = csvRows(await readFile(await download.path(), 'utf8'));
  });
  const { forms } = await server.call('GET', '/v1/forms');
  // What every record has a column for is there once.
  const ofEvery = ['due', 'doer', 'closed', 'household'];
  const fields = forms.find((form) => form.code === 'matter').fields.filter((field) => !ofEvery.includes(field.means));
  for (const { label } of fields.filter((field) => field.type !== 'geopoint'))
    assert.ok(file[0].includes(label.zh), `${label.zh} is not among ${file[0].join(', ')}`);
  assert.equal(file.length - 1, await page.locator('tbody tr').count());

  const MOST = {
    'what came in today': 1,
    'dispatch, from the board': 4,
    'dispatch what nobody accepted yet, from the overview': 4,
    'settle a conflict, from the overview': 3,
    'reply and close, from the board': 3,
    'reply and close, from the overview': 3,
    'export what is shown with all columns': 3,
  };
  context.diagnostic(`clicks: ${JSON.stringify(taken)}`);
  for (const [what, most] of Object.entries(MOST)) assert.ok(taken[what] <= most, `${what}: ${taken[what]} clicks`);
});

test('a dot on the map opens beside it, and the map stays', async () => {
  await open(`/map?form=matter&text=${encodeURIComponent(ALIKE)}`);
  const dot = page.locator('.cluster.one').first();
  await dot.waitFor();
  await page
    .getByRole('button', { name: new RegExp(ALIKE) })
    .first()
    .waitFor();
  const url = page.url();
  await dot.click();
  const panel = page.getByRole('region', { name: '点选的记录' });
  await panel.getByText(ALIKE).waitFor();
  await named();
  assert.match(await panel.innerText(), /不亮|返水/);
  assert.equal(page.url(), url);
  await accessible(page, 'a record on the map');
  await shot(page, 'map-panel-laptop-zh');
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await page.getByText('按进展').click();
  await page.locator('.legend').getByText('超期').waitFor();
  await dot.click();
  await panel.getByRole('link', { name: '打开记录' }).click();
  await page.waitForURL(/\/records\/[0-9a-f-]{36}$/);
});

test('the map on a narrow screen keeps its panel inside it', async () => {
  const phone = await browser.page({ width: 'phone' });
  await browser.signIn(phone, 'wang', PASSWORD);
  await open(`/map?form=matter&text=${encodeURIComponent(ALIKE)}`, phone);
  await phone.locator('.cluster.one').first().click();
  const panel = phone.getByRole('region', { name: '点选的记录' });
  await panel.getByText(ALIKE).waitFor();
  const [box, map] = [await panel.boundingBox(), await phone.locator('.map').first().boundingBox()];
  assert.ok(box.x >= 0 && box.x + box.width <= WIDTHS.phone.width, JSON.stringify(box));
  assert.ok(box.y >= map.y && box.y + box.height <= map.y + map.height, JSON.stringify([box, map]));
  await accessible(phone, 'a record on a narrow map');
  await shot(phone, 'map-panel-phone-zh');
  await phone.context().close();
});

test('what would be refused is not offered: parents, people, phones', async () => {
  const admin = await browser.page();
  await browser.signIn(admin);
  await open(`/administration/areas?in=${AREA.community}`, admin);
  await admin.getByRole('button', { name: '新区域' }).click();
  await admin.getByRole('dialog').getByRole('combobox', { name: '上级' }).click();
  const parents = admin.getByRole('option', { name: /示范街道/ });
  await parents.nth(1).waitFor();
  assert.deepEqual(await parents.allInnerTexts(), ['示范街道', '示范街道 / 和平社区']);
  await admin.context().close();

  // A worker of two communities is known here, and nobody's of one of them to act on.
  const elsewhere = '990101001002';
  await server.call('PUT', `/v1/areas/${elsewhere}`, { parent: AREA.street, name: '幸福社区', level: 'community' });
  const [, , { user_id: both, name }] = town.workers;
  await server.call('POST', '/v1/grants', { user_id: both, role: 'worker', area: elsewhere });
  await open('/administration/users');
  const row = (who) => page.getByRole('row', { name: new RegExp(who) });
  const acts = (who) => row(who).getByRole('button').allInnerTexts();
  await row(name).waitFor();
  assert.deepEqual(await acts(name), ['授权']);
  assert.deepEqual(await acts('王主管'), ['授权', '登记手机']);
  assert.deepEqual(await acts('李网格员'), ['授权', '登记手机', '手机里有什么', '设置密码…', '停用']);
  await row(name).getByRole('button', { name: '授权' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('“新授权”要由管得到此人全部授权的人来做。').waitFor();
  assert.equal(await dialog.getByRole('button', { name: '授予' }).count(), 0);
  await open('/administration/devices');
  await row(name).waitFor();
  assert.deepEqual(await acts(name), []);
  assert.deepEqual(await acts('李网格员'), ['吊销', '清除']);
});

test('a kind of the catalogue is retired with one question, and taken back', async () => {
  const admin = await browser.page();
  await browser.signIn(admin);
  await open('/administration/catalogue', admin);
  const before = await server.call('GET', '/v1/catalogue');
  for (const [act, retired] of [
    ['停用', true],
    ['重新启用', false],
  ]) {
    await admin.getByRole('button', { name: `${act}: ${before.kinds[0].label.zh}` }).click();
    await admin.getByRole('dialog').getByRole('button', { name: act }).click();
    await admin.getByRole('dialog').waitFor({ state: 'hidden' });
    await admin
      .getByRole('button', { name: `${retired ? '重新启用' : '停用'}: ${before.kinds[0].label.zh}` })
      .waitFor();
    const { kinds } = await server.call('GET', '/v1/catalogue');
    assert.equal(kinds[0].retired ?? false, retired);
    assert.deepEqual(kinds.slice(1), before.kinds.slice(1));
  }
  await admin.context().close();
});

test('nothing that people read is a code or an id', async () => {
  const admin = await browser.page();
  await browser.signIn(admin);
  const pages = [
    '/',
    '/records',
    '/matters',
    '/attention',
    '/administration/areas',
    '/administration/users',
    '/administration/catalogue',
    '/administration/calendar',
    '/administration/audit',
  ];
  for (const path of [...pages, `/administration/areas?in=${AREA.community}`]) {
    await open(path, admin);
    await named(admin);
    const words = await admin.locator('body').innerText();
    for (const id of [...Object.values(AREA), ...matters, ...households, town.supervisor.user_id])
      assert.ok(!words.includes(id) && !words.includes(id.slice(0, 8)), `${path} shows ${id}`);
    assert.doesNotMatch(words, /\b(street|community|grid)\b|[0-9a-f]{8}-[0-9a-f]{4}/, path);
  }
  await admin.context().close();
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
