/** Work that comes again: a supervisor publishes a plan, sees what is due of it, makes its tasks and hands out what nobody owns. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot, WIDTHS } from './harness.mjs';
import { csvRows, sheetRows } from './sheet.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

const NAME = '每月走访困难户';
/** More than a page of the list of what is not done. */
const TENANTS = 55;
let server, browser, town, page, poor, code;

async function add(form, fields, grid = AREA.one) {
  const { record } = await server.call('POST', '/v1/records', { grid, form, fields });
  return record.record_id;
}
const plans = async () => (await server.call('GET', '/v1/plans')).plans;
const tasks = async () => (await server.call('GET', '/v1/records?means=task&limit=200&fields=doer,plan')).records;

before(async () => {
  server = await Server.start();
  town = await found(server);
  poor = await add('household', { address: '和平路 1 号', care_needs: ['low_income'] });
  await add('household', { address: '和平路 2 号', care_needs: ['elderly_alone', 'disability'] });
  await add('household', { address: '和平路 3 号' });
  await add('household', { address: '幸福路 4 号', care_needs: ['low_income'] }, AREA.two);
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const button = (name) => page.getByRole('button', { name, exact: true });
const link = (name) => page.getByRole('link', { name, exact: true });
const region = (name, of = page) => of.getByRole('region', { name, exact: true });
const dialog = () => page.getByRole('dialog');
async function open(path) {
  await page.goto(server.url + path);
  await ready(page);
}
/** The page in both widths, looked over by axe, and never wider than the screen. */
async function seen(name) {
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await shot(page, `plans-${name}-${width}-zh`);
    await accessible(page, `${name}, ${width}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels too wide on a ${width}`);
  }
  await page.setViewportSize(WIDTHS.laptop);
}

test('a supervisor publishes a plan in the form, with choices and without JSON', async () => {
  await open('/plans');
  await page.getByText('还没有计划').waitFor();
  await page.getByRole('link', { name: /新建计划/ }).click();
  await button('发布').click();
  await page.getByText('请写名称').waitFor();
  await page.getByLabel('名称（中文）').fill(NAME);
  const only = page.getByRole('group', { name: '其中哪些', exact: true });
  await only.getByRole('button', { name: '加一个条件' }).click();
  await button('发布').click();
  await page.getByText('请选好每个条件的字段和值').waitFor();
  await only.getByLabel('字段').selectOption('care_needs');
  await only.getByRole('combobox', { name: '值' }).press('Enter');
  for (const need of ['生活困难', '独居老人']) await page.getByRole('option', { name: need }).click();
  await page.keyboard.press('Escape');
  const counts = page.getByRole('group', { name: '其中哪些算' });
  await counts.getByRole('button', { name: '加一个条件' }).click();
  await counts.getByLabel('字段').selectOption('result');
  await counts.getByLabel('怎样').selectOption('isNot');
  await counts.getByRole('combobox', { name: '值' }).press('Enter');
  await page.getByRole('option', { name: '未遇' }).click();
  await page.keyboard.press('Escape');
  await page.getByLabel('数', { exact: true }).fill('0');
  await page.getByText('请写整数').waitFor();
  await page.getByLabel('数', { exact: true }).fill('1');
  await page.getByLabel('开始日期').fill('2020-01-01');
  await page.getByLabel('优先级').selectOption('urgent');
  await seen('edit');
  await button('发布').click();
  await dialog().getByRole('button', { name: '发布' }).click();
  await page.getByRole('heading', { name: NAME }).waitFor();
  const [plan] = await plans();
  code = plan.code;
  assert.deepEqual(plan.only, {
    any: [{ includes: ['care_needs', 'low_income'] }, { includes: ['care_needs', 'elderly_alone'] }],
  });
  assert.deepEqual(
    [plan.area, plan.about, plan.every, plan.done_by, plan.done_if, plan.makes.priority],
    [
      AREA.community,
      'household',
      { amount: 1, unit: 'months' },
      'visit',
      { not: { equals: ['result', 'absent'] } },
      'urgent',
    ],
  );
  await page.getByText('完成 0 / 3').first().waitFor();
  await open('/plans');
  const row = page.getByRole('row').filter({ hasText: NAME });
  await row.getByText('每月', { exact: true }).waitFor();
  await row.getByText('住户，照护需求是生活困难或独居老人').waitFor();
  await row.getByText('完成 0 / 3').waitFor();
  await seen('list');
});

test('what is due stands by grid, and a visit does it while one looks', async () => {
  await open('/plans');
  await link(NAME).click();
  const grids = region('按网格');
  await grids.getByRole('link').first().waitFor();
  assert.deepEqual(await grids.getByRole('link').allInnerTexts(), ['第一网格', '第二网格'], 'the worst first');
  const items = region('还没有完成的');
  await items.getByRole('link', { name: '和平路 1 号' }).waitFor();
  await seen('plan');
  await add('visit', { household: poor, visited_at: new Date().toISOString(), result: 'absent' });
  await add('visit', { household: poor, visited_at: new Date().toISOString(), result: 'met' });
  await page.getByText('完成 1 / 3').waitFor();
  assert.equal(await items.getByRole('link', { name: '和平路 1 号' }).count(), 0);
  await grids.getByRole('link', { name: '只看第二网格' }).click();
  await items.getByRole('link', { name: '幸福路 4 号' }).waitFor();
  await page.getByText('完成 0 / 1').first().waitFor();
  assert.equal(await items.getByRole('row').count(), 2, 'the heading and the one of this grid');
  await page.getByRole('link', { name: /看所有网格/ }).click();
  await items.getByLabel('排序').selectOption('need');
  await items.getByRole('link', { name: '和平路 2 号' }).waitFor();
  await button('查看以前各期').click();
  const earlier = region('以前各期');
  await earlier.getByRole('link').nth(5).waitFor();
  await earlier.getByText('没有完成 3').first().waitFor();
  await earlier.getByRole('link').first().click();
  await region('那一期没有完成的').getByRole('link', { name: '和平路 1 号' }).waitFor();
  assert.equal(await button('生成任务…').count(), 0, 'nothing is made for what is past');
  await page.getByRole('link', { name: /回到本期/ }).click();
  await page.getByText('完成 1 / 3').waitFor();
});

test('its tasks are made after it was said how many', async () => {
  await open(`/plans/${code}`);
  await button('生成任务…').click();
  await dialog().getByText('会生成 2 个任务；另有 0 个').waitFor();
  await accessible(page, 'making the tasks');
  await dialog().getByRole('button', { name: '返回' }).click();
  assert.equal((await tasks()).length, 0);
  await button('生成任务…').click();
  await dialog().getByRole('button', { name: '生成任务' }).click();
  await page.getByText('已生成 2 个任务').waitFor();
  const begun = region('还没有完成的').getByRole('link', { name: /^已开始/ });
  await begun.nth(1).waitFor();
  const made = await tasks();
  assert.equal(made.length, 2);
  assert.ok(made.every((task) => task.fields.plan.startsWith(`${code}/`)));
  await button('生成任务…').click();
  await page.getByText('没有要生成的：2 个任务已经生成').waitFor();
  await begun.first().click();
  await page.getByRole('heading', { name: NAME }).waitFor();
});

test('a task that nobody owns is an alarm on the overview, and goes to somebody from the list', async () => {
  const [{ name, phone }] = town.workers;
  await open('/');
  const tile = page.getByRole('link', { name: /无人负责的任务/ });
  assert.match(await tile.getAttribute('class'), /\bbad\b/);
  assert.match(await tile.innerText(), /\b1\b/);
  await open('/tasks');
  await link('无人负责 1').click();
  const row = page.getByRole('row').filter({ hasText: '和平路 2 号' });
  await row.waitFor();
  await seen('unowned');
  await row.getByRole('button', { name: `交给…“${NAME}”` }).click();
  await dialog().getByText('任务本身交给他').waitFor();
  await page.getByRole('option', { name }).click();
  await accessible(page, 'handing out a task');
  await dialog().getByRole('button', { name: '交给', exact: true }).click();
  await page.getByText(`已交给 ${name}`).waitFor();
  await page.getByText('每个任务都有人负责').waitFor();
  const all = await tasks();
  assert.equal(all.length, 2, 'it went over itself: no task about a task was made');
  const mine = await server.call('GET', `/v1/records?means=task&assignee=${town.workers[0].user_id}`);
  assert.equal(mine.records.length, 1);
  assert.equal(mine.records[0].status, 'issued');
  await phone.do('sync');
  await open('/');
  assert.doesNotMatch((await tile.getAttribute('class')) ?? '', /\bbad\b/);
  await shot(page, 'plans-overview-laptop-zh');
});

test('what is overdue is told, and a long list comes in pages', async () => {
  for (let n = 1; n <= TENANTS; n += 1)
    await add('household', { address: `长江道 ${n} 号`, dwelling: 'tenant' }, AREA.two);
  await server.call('POST', '/v1/plans', {
    code: 'late',
    version: 1,
    label: { zh: '核对租户', en: 'Check tenants' },
    area: AREA.community,
    about: 'household',
    only: { equals: ['dwelling', 'tenant'] },
    every: { amount: 3660, unit: 'days' },
    within_days: 1,
    begins: '2020-01-01',
    makes: { form: 'task' },
  });
  await open('/plans/late');
  await page.getByText(`超期 ${TENANTS}`).first().waitFor();
  const items = region('还没有完成的');
  await items.getByText('已超期').first().waitFor();
  assert.equal(await items.getByRole('row').count(), 51);
  await items.getByRole('button', { name: '加载更多' }).click();
  await items.getByRole('row').nth(TENANTS).waitFor();
  await items.getByText('只看超期的').click();
  await page.waitForURL(/overdue=true/);
  await items.getByRole('row').nth(50).waitFor();
  await seen('overdue');
});

test('a plan is changed and laid down by whoever supervises it, and by nobody else', async () => {
  await open(`/plans/${code}`);
  await link('修改').click();
  assert.equal(await page.getByRole('combobox', { name: /^哪种记录/ }).isDisabled(), true);
  await page.getByLabel('每期前几天内完成').fill('10');
  await button('发布').click();
  await dialog().getByRole('button', { name: '发布' }).click();
  await page.getByText('每期前 10 天内完成').waitFor();
  const changed = (await plans()).find((plan) => plan.code === code);
  assert.deepEqual([changed.version, changed.within_days], [2, 10]);
  assert.equal(changed.only.any.length, 2, 'what was not touched stays');
  await button('停用…').click();
  await dialog().getByRole('button', { name: '停用' }).click();
  await page.getByText('已停用').first().waitFor();
  await open('/plans');
  assert.equal(await link(NAME).count(), 0);
  await page.getByText('显示已停用的').click();
  await link(NAME).click();
  await button('恢复使用').click();
  await dialog().getByRole('button', { name: '恢复使用' }).click();
  await button('停用…').waitFor();

  const auditor = await browser.page();
  await browser.signIn(auditor, 'shen', PASSWORD);
  await auditor.goto(`${server.url}/plans/${code}`);
  await auditor.getByText('只统计您能看到全部字段的网格').waitFor();
  await auditor.goto(`${server.url}/plans`);
  await ready(auditor);
  await auditor.getByRole('link', { name: NAME }).waitFor();
  for (const name of ['导入表格', '生成任务…', '停用…'])
    assert.equal(await auditor.getByRole('button', { name }).count(), 0, name);
  assert.equal(await auditor.getByRole('link', { name: /新建计划|修改/ }).count(), 0);
  await auditor.goto(server.url);
  await ready(auditor);
  assert.equal(await auditor.getByRole('link', { name: /无人负责/ }).count(), 0);
  await auditor.context().close();
});

test('a route has stops in an order and belongs to one grid', async () => {
  await open('/plans/~new');
  await page.getByLabel('名称（中文）').fill('夜间巡查');
  await page.getByLabel('走一条路线').check();
  const stop = (n) => page.getByRole('group', { name: `第 ${n} 个点` });
  await stop(1).getByLabel('点的名称').fill('东门');
  await stop(1).getByLabel('纬度').fill('39.1');
  await button('发布').click();
  await page.getByText('每个点要有名称').waitFor();
  await page.getByText('一条路线属于一个网格').waitFor();
  await stop(1).getByLabel('经度').fill('117.2');
  await button('加一个点').click();
  await stop(2).getByLabel('点的名称').fill('配电房');
  await button('第 2 个点上移').click();
  await page.getByRole('combobox', { name: '在哪里执行' }).fill('第二网格');
  await page.getByRole('option', { name: /第二网格/ }).click();
  await page.getByLabel('单位').selectOption('days');
  await seen('route');
  await button('发布').click();
  await dialog().getByRole('button', { name: '发布' }).click();
  await page.getByText('路线，2 个点').waitFor();
  const route = (await plans()).find((plan) => plan.label.zh === '夜间巡查');
  assert.deepEqual(
    [route.area, route.every, route.stops],
    [
      AREA.two,
      { amount: 1, unit: 'days' },
      [{ name: '配电房' }, { name: '东门', lat_e7: 391_000_000, lon_e7: 1_172_000_000 }],
    ],
  );
  await page.getByText('完成 0 / 1').first().waitFor();
});

test('an administrator brings plans as a table, a wrong row by its line keeps all of it out, and takes them as files', async () => {
  page = await browser.page();
  await browser.signIn(page);
  await open('/plans');
  const header = '编码,计划名称,频次,开始日期,生成表单,区域,对象表单,对象条件\n';
  const good = `fire,消防检查,每年2次,2026-01-01,task,${AREA.community},household,dwelling=shop\n`;
  const choose = async (text) => {
    await button('导入表格').click();
    const buffer = Buffer.from(header + text);
    await dialog().locator('input[type=file]').setInputFiles({ name: 'plans.csv', mimeType: 'text/csv', buffer });
  };
  const before = (await plans()).length;
  await choose(`${good}odd,奇怪的,有时,2026-01-01,task,${AREA.community},household,\n`);
  await dialog().getByText('有 1 行不对').waitFor();
  await dialog()
    .getByText(/第 3 行：.*有时/)
    .waitFor();
  assert.equal(await dialog().getByRole('button', { name: '发布' }).isDisabled(), true);
  await accessible(page, 'importing plans');
  await dialog().getByRole('button', { name: '取消' }).click();
  await choose(good);
  await dialog()
    .getByText(/新增 1/)
    .waitFor();
  assert.equal((await plans()).length, before, 'nothing is written while it is only told');
  await dialog().getByRole('button', { name: '发布' }).click();
  await dialog().waitFor({ state: 'detached' });
  await link('消防检查').waitFor();
  await page.getByRole('row').filter({ hasText: '消防检查' }).getByText('每年 2 次').waitFor();
  for (const [format, rowsOf] of [
    ['CSV', (bytes) => csvRows(bytes.toString('utf8'))],
    ['XLSX', sheetRows],
  ]) {
    const download = page.waitForEvent('download');
    await button(`导出 ${format}`).click();
    const rows = rowsOf(await readFile(await (await download).path()));
    assert.equal(rows.length, before + 2, `${format}: a heading and every plan`);
    assert.ok(
      rows.some((row) => row.includes('消防检查') && row.includes('fire')),
      JSON.stringify(rows),
    );
  }
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('row').filter({ hasText: '消防检查' }).getByText('2 times a year').waitFor();
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
