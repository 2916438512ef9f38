/** What a supervisor does with records at a desk: a household's page, records for those who ring, corrections, deadlines, passwords. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot, WIDTHS } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

const HOUR_MS = 3_600_000;
const VISITS = 12;
const NAME = '王桂兰';
const ago = (hours) => new Date(Date.now() - hours * HOUR_MS).toISOString();
/** A form of the organisation's own, in which no name is that of a built-in form. */
const CARE = {
  code: 'care_plan',
  version: 1,
  label: { zh: '照护计划', en: 'Care plan' },
  class: 'general',
  title: 'what',
  fields: [
    { key: 'what', label: { zh: '内容', en: 'What' }, type: 'text', required: true },
    { key: 'home', label: { zh: '哪一户', en: 'Home' }, type: 'reference', means: 'household', form: 'household' },
  ],
};
let server, browser, town, page, home, other, matter;

async function add(form, fields, more = {}) {
  const { record } = await server.call('POST', '/v1/records', { grid: AREA.one, form, fields, ...more });
  return record.record_id;
}
const fieldsOf = async (id) => (await server.call('GET', `/v1/records/${id}`)).fields;
const listed = async (query) => (await server.call('GET', `/v1/records?${query}`)).records;

before(async () => {
  server = await Server.start();
  town = await found(server);
  await server.call('POST', '/v1/forms', CARE);
  const members = [
    { key: 'm1', name: NAME, relation: '户主', birth_year: 1946 },
    { key: 'm2', name: '李强', relation: '儿子' },
  ];
  home = await add('household', { address: '幸福里3号楼2单元501', head_name: NAME, members });
  other = await add('household', { address: '和平里8号楼1单元102' });
  for (let n = 0; n < VISITS; n += 1) {
    // Two at a time are written down the other way round.
    const [at, captured_at] = [n, n ^ 1].map((nth) => ago(24 * (VISITS - nth)));
    await add('visit', { household: home, visited_at: at, purpose: n % 2 ? 'care' : 'routine' }, { captured_at });
  }
  await add('visit', { household: other, visited_at: ago(1), purpose: 'notice' });
  const report = { kind: '电梯故障', reported_at: ago(20), description: '停在五楼' };
  matter = await add('matter', { ...report, summary: '电梯停了', household: home });
  await add('matter', { ...report, summary: '别家的事', household: other });
  await add('task', { title: '去看电梯', matter, doer: town.workers[0].name });
  await add('care_plan', { what: '每周送餐', home });
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const open = async (path) => {
  await page.goto(server.url + path);
  await ready(page);
};
const button = (name) => page.getByRole('button', { name });
const save = () => page.getByRole('button', { name: '保存', exact: true });
const region = (name) => page.getByRole('region', { name, exact: true });
/** The page in both widths, looked over by axe, and never wider than the screen. */
async function seen(name) {
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await shot(page, `desk-${name}-${width}-zh`);
    await accessible(page, `${name}, ${width}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels too wide on a ${width}`);
  }
  await page.setViewportSize(WIDTHS.laptop);
}
/** Chooses in a box that searches: types, and takes what is offered. */
async function choose(box, typed, option) {
  await box.fill(typed);
  await page.getByRole('option', { name: option }).first().click();
}

test('a household’s page has its members and all that belongs to it, of whichever form', async () => {
  await open(`/records/${home}`);
  const people = region('家庭成员');
  assert.match(await people.innerText(), /王桂兰[\s\S]*户主[\s\S]*1946[\s\S]*李强[\s\S]*儿子/);
  const visits = region('走访');
  await visits.getByText(`共 ${VISITS} 条`).waitFor();
  assert.equal(await visits.getByRole('listitem').count(), 10);
  const times = () => visits.locator('time').evaluateAll((all) => all.map((t) => t.dateTime));
  const shown = await times();
  assert.deepEqual(shown, [...shown].sort().reverse(), 'the newest first');
  assert.match(await visits.getByRole('listitem').first().innerText(), /关怀慰问[\s\S]*记录/);
  await seen('household');
  await visits.getByRole('button', { name: '加载更多' }).click();
  await visits.getByRole('listitem').nth(11).waitFor();
  assert.equal(new Set(await times()).size, VISITS);
  const matters = await region('事项').innerText();
  assert.match(matters, /电梯停了[\s\S]*已上报/);
  assert.doesNotMatch(matters, /别家的事/);
  assert.match(await region('任务').innerText(), /去看电梯[\s\S]*已下达[\s\S]*李网格员/, 'through its matter');
  assert.match(await region('照护计划').innerText(), /共 1 条[\s\S]*每周送餐/, 'of an own form');
});

test('what is new about a household is begun on its page with the household filled in', async () => {
  await open(`/records/${home}`);
  await region('走访').getByRole('link', { name: '新走访' }).click();
  await page.waitForURL(/\/records\/new\?/);
  await ready(page);
  await page.getByText('幸福里3号楼2单元501').first().waitFor();
  await save().click();
  await page.getByText('“走访事由”必填').waitFor();
  await page.locator('.el-form-item', { hasText: '走访事由' }).locator('.el-select').click();
  await page.getByRole('option', { name: '安全检查' }).click();
  await seen('new-visit');
  await save().click();
  await page.waitForURL(/\/records\/[0-9a-f-]{36}$/);
  await open(`/records/${home}`);
  await region('走访')
    .getByText(`共 ${VISITS + 1} 条`)
    .waitFor();
  const [first] = await listed(`household=${home}&form=visit&sort=-captured&fields=purpose,household`);
  assert.deepEqual([first.fields.purpose, first.fields.household, first.grid], ['safety', home, AREA.one]);
});

test('a matter for somebody who rings takes three clicks from any page, and the catalogue proposes the rest', async () => {
  await open('/administration/users');
  await button('新记录').click();
  await page.getByRole('link', { name: '照护计划', exact: true }).waitFor();
  await seen('menu');
  await open('/');
  let clicks = 0;
  const click = async (what) => {
    clicks += 1;
    await what.click();
  };
  await click(button('新记录'));
  await click(page.locator('a[href*="/records/new"][href*="form=matter"]'));
  await page.waitForURL(/\/records\/new\?form=matter/);
  await ready(page);
  const type = async (name, text) => {
    const box = page.getByRole('combobox', { name }).or(page.getByRole('textbox', { name, exact: true }));
    await box.first().fill(text);
    return box.first();
  };
  const grid = await type('网格', '第一网格');
  await page
    .getByRole('option', { name: /第一网格/ })
    .first()
    .waitFor();
  await grid.press('ArrowDown');
  await grid.press('Enter');
  const kind = await type('事项类别', '路灯');
  await page.getByRole('option', { name: /路灯损坏/ }).waitFor();
  await kind.press('ArrowDown');
  await kind.press('Enter');
  await page.waitForFunction(() => document.querySelector('#entry-department')?.value === '市政设施 Public works');
  await type('简述', '三号楼前路灯不亮');
  const household = await type('住户', '幸福里');
  await page.getByRole('option', { name: /幸福里3号楼/ }).waitFor();
  await household.press('Enter');
  await seen('new-matter');
  await click(save());
  await page.waitForURL(/\/records\/[0-9a-f-]{36}$/);
  assert.ok(clicks <= 3, `${clicks} clicks`);
  const fields = await fieldsOf(page.url().split('/').at(-1));
  assert.deepEqual(
    [fields.kind, fields.department, fields.summary, fields.household],
    ['路灯损坏', '市政设施 Public works', '三号楼前路灯不亮', home],
  );
  assert.equal(Date.parse(fields.due_at) - Date.parse(fields.reported_at), 72 * HOUR_MS);
});

test('what is typed survives a cut line and a reload, and a lost answer makes nothing twice', async () => {
  await open('/records/new?form=care_plan');
  await choose(page.getByRole('combobox', { name: '网格' }), '第二网格', /第二网格/);
  await page.getByRole('textbox', { name: '内容' }).fill('陪同就医');
  await page.context().setOffline(true);
  try {
    await save().click();
    await page.getByText('连不上服务器').first().waitFor();
  } finally {
    await page.context().setOffline(false);
  }
  browser.forgive(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK/);
  await page.reload();
  await ready(page);
  await page.getByText('这是上次没有保存的内容').waitFor();
  assert.equal(await page.getByRole('textbox', { name: '内容' }).inputValue(), '陪同就医');
  await seen('restored');
  // The server takes it, and its answer is lost.
  await page.route('**/v1/records', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await save().click();
  await page.getByText('连不上服务器').first().waitFor();
  await page.unroute('**/v1/records');
  await page.getByRole('textbox', { name: '内容' }).fill('每周三陪同就医');
  await save().click();
  await page.waitForURL(/\/records\/[0-9a-f-]{36}$/);
  browser.forgive(/ERR_FAILED|409/);
  const made = await listed('form=care_plan&text=陪同就医');
  assert.deepEqual(
    made.map((r) => [r.title, r.grid]),
    [['每周三陪同就医', AREA.two]],
  );
  const left = await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('gridfold.draft')));
  assert.deepEqual(left, [], 'what is saved is kept no longer');
});

test('a record’s household is corrected, the history says from which, and sets it back', async () => {
  const wrong = await add('matter', { kind: '其他', summary: '记错了户', reported_at: ago(2), household: other });
  await open(`/records/${wrong}`);
  await button('编辑: 住户').click();
  await choose(page.getByRole('combobox', { name: '住户' }), '幸福里', /幸福里3号楼/);
  await save().click();
  const history = page.locator('.timeline');
  await history.getByText('把“住户”由“和平里8号楼1单元102”改为“幸福里3号楼2单元501”').waitFor();
  assert.equal((await fieldsOf(wrong)).household, home);
  await history.getByRole('button', { name: '改回“和平里8号楼1单元102”' }).click();
  await history.getByText('由“幸福里3号楼2单元501”改为“和平里8号楼1单元102”').waitFor();
  assert.equal((await fieldsOf(wrong)).household, other);
});

test('several fields are changed in one request, and what somebody else changed meanwhile is told', async () => {
  await open(`/records/${matter}`);
  await button('一起修改几项').click();
  const sent = [];
  page.on('request', (request) => request.method() === 'PATCH' && sent.push(request));
  await page.getByRole('textbox', { name: '地点' }).fill('3号楼');
  await page.getByRole('textbox', { name: '简述' }).fill('电梯停在五楼');
  await seen('several');
  await server.call('PATCH', `/v1/records/${matter}`, { fields: { summary: '电梯又停了' } });
  await button('一起保存').click();
  await page.getByText('同时有别人改了同一处').waitFor();
  assert.equal(sent.length, 1);
  assert.deepEqual(Object.keys(sent[0].postDataJSON().fields).sort(), ['place', 'summary']);
  const { conflict_list: conflicts, fields } = await server.call('GET', `/v1/records/${matter}`);
  assert.deepEqual(
    conflicts.map((c) => [c.field, c.values.map((v) => v.value).sort()]),
    [['summary', ['电梯停在五楼', '电梯又停了']]],
  );
  assert.equal(fields.place, '3号楼');
});

test('another kind proposes anew, and what a person wrote stays', async () => {
  const id = await add('matter', { kind: '说不清的事', summary: '改类别', reported_at: ago(3), department: '物业' });
  await open(`/records/${id}`);
  await button('编辑: 事项类别').click();
  const kind = page.getByRole('textbox', { name: '事项类别' });
  await kind.fill('消防');
  await page.getByRole('option', { name: /消防隐患/ }).click();
  await button('一起保存').click();
  await page.getByText('已修改').waitFor();
  const fields = await fieldsOf(id);
  assert.deepEqual([fields.kind, fields.department], ['消防隐患', '物业']);
  assert.equal(Date.parse(fields.due_at) - Date.parse(fields.reported_at), 4 * HOUR_MS);
  await page.getByRole('button', { name: /English/ }).click();
  await page.getByText('Fire-safety hazard').waitFor();
  await page.getByRole('button', { name: /中文/ }).click();
  await button('编辑: 事项类别').click();
  await kind.fill('目录里没有的');
  await button('一起保存').click();
  await page.locator('dd', { hasText: '目录里没有的' }).waitFor();
  assert.equal((await fieldsOf(id)).kind, '目录里没有的', 'any other text is a kind too');
});

test('a day that is typed as due means the end of that day, and is shown as the day', async () => {
  const [{ name }] = town.workers;
  const id = await add('matter', { kind: '其他', summary: '要派遣的', reported_at: ago(1) });
  await server.call('POST', `/v1/records/${id}/transitions`, { action: 'accept' });
  await open(`/records/${id}`);
  await button('派遣').click();
  const dialog = page.getByRole('dialog', { name: '派遣给人办理' });
  await dialog.getByRole('combobox', { name: '执行人' }).fill(name);
  await page.getByRole('option', { name }).click();
  const due = dialog.getByRole('combobox', { name: '完成时限' });
  await due.fill('2099-01-02');
  await due.press('Enter');
  await page.getByRole('dialog', { name: '完成时限' }).waitFor({ state: 'hidden' });
  await dialog.getByRole('button', { name: '派遣' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(Date.parse((await fieldsOf(id)).due_at), Date.parse('2099-01-02T23:59:59+08:00'));
  const tasks = page.getByRole('region', { name: '关联的任务' });
  await tasks.getByText('时限 2099/01/02', { exact: true }).waitFor();
  await open('/records?form=matter&columns=due&sort=-due');
  assert.match(await page.locator('tbody tr').first().innerText(), /2099\/01\/02\s*$/);
});

test('a person who is shown can be chosen while the search for what was typed still goes', async () => {
  const [{ name }] = town.workers;
  const id = await add('matter', { kind: '其他', summary: '搜索还没有回来', reported_at: ago(1) });
  await server.call('POST', `/v1/records/${id}/transitions`, { action: 'accept' });
  await open(`/records/${id}`);
  await button('派遣').click();
  const dialog = page.getByRole('dialog', { name: '派遣给人办理' });
  const doer = dialog.getByRole('combobox', { name: '执行人' });
  await page.getByRole('option', { name }).waitFor();
  let answer;
  const held = new Promise((done) => (answer = done));
  const isSearch = (url) => url.pathname === '/v1/users' && url.searchParams.get('name') === name;
  await page.route(isSearch, async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest((request) => isSearch(new URL(request.url())));
  await doer.fill(name);
  await asked;
  await page.getByRole('option', { name }).click();
  answer();
  await page.unrouteAll({ behavior: 'wait' });
  await dialog.getByText(name, { exact: true }).waitFor();
  await dialog.getByRole('button', { name: '派遣' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await fieldsOf(id)).assignee.name, name);
});

test('what is handed out is due when the catalogue says, where the matter does not', async () => {
  const [{ name }] = town.workers;
  const reported_at = ago(2);
  // Of a phone's reports nobody has said until when.
  const id = await add('matter', { kind: '垃圾堆放', summary: '单元门口堆了垃圾', reported_at });
  await server.call('POST', `/v1/records/${id}/transitions`, { action: 'accept' });
  const { kinds } = await server.call('GET', '/v1/catalogue');
  const hours = kinds.find((kind) => kind.label.zh === '垃圾堆放').deadline_hours;
  const answered = (path) => page.waitForResponse((answer) => answer.url().endsWith(path));
  const catalogue = answered('/v1/catalogue');
  await open(`/records/${id}`);
  const known = Promise.all([catalogue, answered(`/v1/records/${id}`)]);
  await button('派遣').click();
  await known;
  const dialog = page.getByRole('dialog', { name: '派遣给人办理' });
  await dialog.getByRole('combobox', { name: '执行人' }).fill(name);
  await page.getByRole('option', { name }).click();
  await dialog.getByRole('button', { name: '派遣' }).click();
  await dialog.waitFor({ state: 'detached' });
  const { due_at: due } = await fieldsOf(id);
  assert.equal(Date.parse(due), Date.parse(reported_at) + hours * HOUR_MS);
});

test('a record says when it was written and when that arrived, and a step at the desk makes nothing late', async () => {
  const captured_at = ago(16);
  const id = await add('matter', { kind: '其他', summary: '十六小时前', reported_at: captured_at }, { captured_at });
  await open(`/records/${id}`);
  const times = page.locator('.times');
  assert.match(await times.innerText(), /首次记录[\s\S]*晚到 16小时/);
  assert.doesNotMatch(await times.innerText(), /最近修改/);
  const first = await times.locator('p').first().innerText();
  await button('受理').click();
  await page.getByRole('dialog').getByRole('button', { name: '受理' }).click();
  await times.getByText('最近修改（王主管）').waitFor();
  assert.equal(await times.locator('p').first().innerText(), first);
  assert.doesNotMatch(await times.locator('p').last().innerText(), /晚到/);
  const row = await server.call('GET', `/v1/records/${id}`);
  assert.equal(Math.round((Date.parse(row.first_received_at) - Date.parse(row.captured_at)) / HOUR_MS), 16);
});

test('a long history is short on the page and whole on two pages of paper', async () => {
  const tokens = [server.token, await server.signIn('wang', PASSWORD)];
  for (let n = 0; n < 40; n += 1) {
    server.token = tokens[n % 2];
    await server.call('PATCH', `/v1/records/${other}`, { fields: { address: `和平里8号楼1单元${101 + n}` } });
  }
  server.token = tokens[0];
  await open(`/records/${other}`);
  const entries = page.locator('.timeline > li');
  assert.ok((await entries.count()) >= 40);
  assert.equal(await entries.filter({ visible: true }).count(), 12);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height < 3000, `${height} pixels`);
  await seen('history');
  const pages = async () => (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g)?.length;
  const printed = await pages();
  assert.ok(printed >= 1 && printed <= 2, `${printed} pages`);
  await button(/显示更早的 \d+ 次/).click();
  assert.ok((await entries.filter({ visible: true }).count()) >= 40);
});

test('a colleague’s password is set by who may act on them, and by nobody else', async () => {
  const [{ name, user_id }] = town.workers;
  await open('/administration/users');
  const row = (who) => page.getByRole('row', { name: new RegExp(who) });
  await row('李网格员').waitFor();
  assert.equal(await row('审计甲').getByRole('button', { name: '设置密码' }).count(), 0);
  assert.equal(await row('王主管').getByRole('button', { name: '设置密码' }).count(), 0);
  await row(name).getByRole('button', { name: '设置密码' }).click();
  const dialog = page.getByRole('dialog', { name: `设置密码：${name}` });
  await dialog.getByLabel('登录名').fill('li-wangge');
  await dialog.getByLabel('新密码').fill('short');
  await dialog.getByRole('button', { name: '设置密码' }).click();
  await dialog.getByText('密码至少要有 12 个字').waitFor();
  await seen('password');
  await dialog.getByLabel('新密码').fill(PASSWORD);
  await dialog.getByLabel('再写一遍').fill(PASSWORD);
  await dialog.getByRole('button', { name: '设置密码' }).click();
  await page.getByText(`已设置 ${name} 的密码`).waitFor();
  assert.ok(await server.signIn('li-wangge', PASSWORD));
  // Now that there is a login, none is asked for.
  await row(name).getByRole('button', { name: '设置密码' }).click();
  await dialog.getByLabel('新密码').waitFor();
  assert.equal(await dialog.getByLabel('登录名').count(), 0);
  const { may_manage: mayAct, has_login: hasLogin } = await server.call('GET', `/v1/users/${user_id}`);
  assert.deepEqual([mayAct, hasLogin], [true, true]);
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
