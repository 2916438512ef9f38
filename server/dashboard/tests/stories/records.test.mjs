/** What somebody who reads lists and records sees: orders, views, files, paper, what was refused and what is gone. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { csvRows, sheetRows } from './sheet.mjs';
import { found, PASSWORD } from './town.mjs';

const LIST = '/records?form=matter&columns=grid,status,captured,f.kind,f.reported_at&sort=captured';
let server, browser, town, page;
/** A household that was erased while a phone that knows it was out of reach and wrote on. */
let erased;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const [a, b] = town.workers;
  for (let n = 0; n < 3; n += 1) await a.phone.do('capture', { form: 'matter' });
  await a.phone.do('capture', { form: 'visit' });
  await a.phone.do('capture', { form: 'household' });
  erased = (await a.phone.do('capture', { form: 'household' })).record;
  await a.phone.do('sync');
  await b.phone.do('sync');
  await b.phone.do('set', { record: erased, field: 'phone', text: '13900000077' });
  await server.call('POST', `/v1/records/${erased}/erase`, { reason: '演练' });
  await b.phone.do('sync');
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
const show = async (path) => {
  await page.goto(server.url + path);
  await ready(page);
};
/** The table as it stands: its headings, then its rows, without the line that stands under a title. */
const table = () =>
  page.evaluate(() =>
    [...document.querySelectorAll('table.data tr')].map((row) =>
      [...row.cells].map((cell) => {
        const beside = cell.querySelector('.beside')?.innerText ?? '';
        return cell.innerText.replace(beside, '').replace(/[▲▼]/, '').trim();
      }),
    ),
  );
async function download(format) {
  await button('导出').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('group', { name: '显示的列' }).getByRole('button', { name: format, exact: true }).click(),
  ]);
  await page.getByText(`${format} 文件已下载`).waitFor();
  return readFile(await file.path());
}
/** Spreadsheets have seconds and other dashes than the table. */
const minute = (cell) => cell.replace(/^(\d{4})[-/](\d\d)[-/](\d\d) (\d\d:\d\d)(:\d\d)?$/, '$1-$2-$3 $4');

test('ordered by a column that no record has a value in, the table keeps its headings and its rows', async () => {
  await show('/records?form=household');
  const before = await table();
  await page.getByRole('columnheader', { name: '状态' }).getByRole('button').click();
  await page.waitForURL(/sort=-status/);
  await page.locator('th[aria-sort=descending]', { hasText: '状态' }).waitFor();
  await page.waitForFunction(() => !/加载中/.test(document.querySelector('.told')?.textContent ?? ''));
  const now = await table();
  assert.deepEqual(now[0], before[0]);
  assert.deepEqual(now.slice(1).sort(), before.slice(1).sort());
  assert.equal(now.length, 2);
});

test('a list without a row says so under its headings', async () => {
  await show('/records?form=meeting');
  assert.match(await page.locator('table.data thead').innerText(), /名称.*网格/s);
  assert.match(await page.locator('table.data tbody').innerText(), /没有符合条件的记录/);
  await accessible(page, 'a list without a row');
});

test('a refused edit tells whose it was and why, and opens nothing where nothing is', async () => {
  await show('/attention?kind=refused');
  const card = page.locator('.item.refused');
  assert.match(await card.innerText(), /原因：.+[\s\S]*赵网格员/);
  assert.match(await card.innerText(), /服务器不保留写了什么/);
  assert.equal(await card.getByRole('link', { name: '打开记录' }).count(), 0);
  await accessible(page, 'a refused edit');
  await shot(page, 'refused-laptop-zh');
});

test('an edit that cannot be made anew stays, with the reason beside it, and makes no other', async () => {
  await button('由我重做').click();
  await page.getByRole('dialog').getByRole('button', { name: '由我重做' }).click();
  await page.locator('.item.refused [role=alert]').waitFor();
  assert.match(await page.locator('.item.refused [role=alert]').innerText(), /没有做成：.+/);
  browser.forgive(/4\d\d/);
  const { counts } = await server.call('GET', '/v1/attention');
  assert.equal(counts.refused, 1);
});

test('a refused edit of a record that is there says what was written, and opens it', async () => {
  const {
    records: [{ record_id: matter }],
  } = await server.call('GET', '/v1/records?form=matter&limit=1');
  await assert.rejects(
    server.call('POST', `/v1/records/${matter}/transitions`, { action: 'close' }),
    /transition_not_allowed/,
  );
  await show('/attention?kind=refused');
  const card = page.locator('.item.refused', { has: page.getByRole('link', { name: '打开记录' }) });
  assert.match(await card.locator('.words').innerText(), /结案/);
  const { items } = await server.call('GET', '/v1/attention?kind=refused');
  const { stream, entry } = items.find((item) => item.record === matter);
  await server.call('POST', '/v1/refused/settle', { stream, entry, how: 'dismiss' });
});

test('late edits are put away several at once, then all that are left', async () => {
  // The worker is no longer responsible, and the phone does not know it yet.
  const [, , { phone, user_id: user }] = town.workers;
  const { grants } = await server.call('GET', `/v1/grants?user_id=${user}`);
  for (const { grant_id: grant } of grants) await server.call('POST', `/v1/grants/${grant}/end`, {});
  for (let n = 0; n < 4; n += 1) await phone.do('capture', { form: 'meeting' });
  await phone.do('sync');
  await show('/attention?kind=late');
  assert.equal(await page.locator('.item.late').count(), 4);
  assert.match(await page.locator('.item.late .words').first().innerText(), /“.+”/);
  for (const n of [0, 1]) await page.locator('.item.late .el-checkbox').nth(n).click();
  await button('所选 2 件看过，收起…').click();
  await page.getByRole('dialog', { name: '看过了，收起：2 件' }).getByRole('button', { name: '看过了，收起' }).click();
  await page.getByText('已收起 2 件').waitFor();
  const left = async () => (await server.call('GET', '/v1/attention')).counts.late;
  assert.equal(await left(), 2);
  await button('全部看过，收起…').click();
  await page.getByRole('dialog').getByRole('button', { name: '全部看过，收起' }).click();
  await page.getByText('这一类都处理完了').waitFor();
  assert.equal(await left(), 0);
});

test('what is settled of one kind is not called the end of all', async () => {
  await show('/attention?kind=upload');
  assert.match(await page.locator('.nothing').innerText(), /这一类都处理完了\s+其他种类还有 1 件在等/);
});

test('an erased record says that it was erased, and there is a way back', async () => {
  await show('/records?form=household');
  await page.locator('tbody a').first().click();
  await page.waitForURL(/\/records\/[0-9a-f-]+$/);
  await ready(page);
  await page.goto(`${server.url}/records/${erased}`);
  await page.getByRole('heading', { name: /已被彻底抹除/ }).waitFor();
  await accessible(page, 'an erased record');
  await button(/返回/).click();
  await page.waitForURL((url) => !url.pathname.endsWith(erased));
  browser.forgive(/410/);
});

test('a required field is not emptied', async () => {
  await show('/records?form=household');
  await page.locator('tbody a').first().click();
  await page.waitForURL(/\/records\/[0-9a-f-]+$/);
  await ready(page);
  const title = await page.locator('h1').innerText();
  await button('编辑: 地址').click();
  await page.getByRole('textbox', { name: '地址' }).fill('');
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('“地址”必填，不能清空').waitFor();
  await page.reload();
  await ready(page);
  assert.equal(await page.locator('h1').innerText(), title);
});

test('on paper a record has its fields and history, and nothing to click', async () => {
  await page.evaluate(() => {
    globalThis.print = () => {
      globalThis.printed = true;
    };
  });
  await button('打印').click();
  assert.equal(await page.evaluate(() => globalThis.printed), true);
  await page.emulateMedia({ media: 'print' });
  await page.getByText('手机记录').first().waitFor();
  const shown = await page.locator('body').innerText();
  assert.match(shown, /地址[\s\S]*经过[\s\S]*新建了记录/);
  assert.match(shown, /所有时间按 Asia\/Shanghai（UTC\+8）显示/);
  for (const clickable of ['.side', '.top', 'main button'])
    assert.equal(await page.locator(clickable).filter({ visible: true }).count(), 0, clickable);
  await shot(page, 'print-record');
  await page.emulateMedia({ media: null });
});

test('a view is not saved without a name, and is saved, shown and removed', async () => {
  await show('/records?form=visit&sort=captured');
  await button('常用视图').click();
  await button('保存当前视图…').click();
  const dialog = page.getByRole('dialog', { name: '保存当前视图' });
  await dialog.getByRole('button', { name: '保存当前视图' }).click();
  await dialog.getByText('请写视图的名称').waitFor();
  const box = await page.locator('.el-message-box').boundingBox();
  assert.ok(box.width <= 480, `a question is ${box.width} pixels wide`);
  await dialog.getByRole('textbox').fill('走访从头看');
  await dialog.getByRole('button', { name: '保存当前视图' }).click();
  await page.getByText('已保存视图“走访从头看”').waitFor();
  await show('/records');
  await button('常用视图').click();
  await page.getByRole('button', { name: '走访从头看', exact: true }).click();
  await page.waitForURL(/form=visit.*sort=captured/);
  await button('常用视图').click();
  await button('删除视图“走访从头看”').click();
  await page.getByText('还没有保存的视图').waitFor();
  assert.deepEqual((await server.call('GET', '/v1/saved-views')).views, []);
  await page.keyboard.press('Escape');
});

test('a panel takes the focus, follows its button, and gives the focus back', async () => {
  await show(LIST);
  await page.getByRole('button', { name: '列', exact: true }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('type')), 'checkbox');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), '列');
});

test('CSV and XLSX files have the headings, rows and words of the table', async () => {
  await show(LIST);
  // The file names a grid alone; the table says what it lies in, too.
  const named = (cell) => minute(cell.replace(/^.+ \/ (第.网格)$/, '$1'));
  const shown = (await table()).map((row) => row.map(named));
  assert.equal(shown.length, 4);
  const csv = csvRows((await download('CSV')).toString('utf8')).map((row) => row.map(minute));
  assert.deepEqual(csv, shown);
  const sheet = sheetRows(await download('XLSX')).map((row) => row.map(minute));
  assert.deepEqual(sheet, shown);
});

test('a GeoJSON file has the records of the table in their order, by their keys', async () => {
  const links = await page
    .locator('tbody a')
    .evaluateAll((all) => all.map((a) => a.getAttribute('href').split('/').pop()));
  const { features } = JSON.parse((await download('GeoJSON')).toString('utf8'));
  assert.deepEqual(
    features.map((f) => f.id),
    links,
  );
  for (const { properties } of features)
    assert.deepEqual(Object.keys(properties).sort(), ['captured_at', 'fields', 'grid', 'status', 'title']);
});

test('what is saved on a page that is behind stands beside what a phone brought, and both are shown', async () => {
  const [a] = town.workers;
  const { record } = await a.phone.do('capture', { form: 'household' });
  await a.phone.do('sync');
  await show(`/records/${record}`);
  await button('编辑: 联系电话').click();
  await page.getByRole('textbox', { name: '联系电话' }).fill('13900000088');
  await a.phone.do('set', { record, field: 'phone', text: '13900000099' });
  await a.phone.do('sync');
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('两种内容都已保留，请选择').waitFor();
  const conflicts = page.getByRole('region', { name: '冲突', exact: true });
  await conflicts.waitFor();
  for (const typed of ['13900000088', '13900000099'])
    assert.equal(await conflicts.getByText(typed, { exact: true }).count(), 1);
  await accessible(page, 'a record of two sides');
  await conflicts.getByRole('button', { name: '采用这个: 13900000099' }).click();
  await conflicts.waitFor({ state: 'detached' });
  const now = await server.call('GET', `/v1/records/${record}`);
  assert.deepEqual([now.fields.phone, now.conflict_list], ['13900000099', []]);
});

test('what was written beside a deletion is told with its words, and the record stays', async () => {
  const [a, b] = town.workers;
  const { record } = await a.phone.do('capture', { form: 'matter' });
  await a.phone.do('sync');
  await b.phone.do('sync');
  await show(`/records/${record}`);
  await b.phone.do('set', { record, field: 'place', text: '三号楼，有人摔倒' });
  await server.call('DELETE', `/v1/records/${record}`);
  await b.phone.do('sync');
  await show('/attention?kind=conflict');
  const card = page.locator('.item.conflict', { hasText: '有人摔倒' });
  await card.waitFor();
  await show(`/records/${record}`);
  const conflicts = page.getByRole('region', { name: '冲突', exact: true });
  await conflicts.getByText('有人摔倒').first().waitFor();
  await conflicts.getByRole('button', { name: /采用这个: 保留/ }).click();
  await conflicts.waitFor({ state: 'detached' });
  assert.equal((await server.call('GET', `/v1/records/${record}`)).deleted, false);
});

test('one signs out of a page that is still loading without a complaint', async () => {
  await page.goto(`${server.url}/records`);
  await page.locator('.account summary').click();
  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.getByText('您已退出。').waitFor();
  assert.equal(await page.locator('.el-message--error').count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'login');
});

test('one’s own password is changed, which ends the session', async () => {
  const another = 'another long phrase of the stories';
  await browser.signIn(page, 'shen', PASSWORD);
  await page.locator('.account summary').click();
  await button('修改密码…').click();
  const dialog = page.getByRole('dialog', { name: '修改密码' });
  await dialog.getByLabel('新密码').fill('short');
  await dialog.getByLabel('再写一遍').fill('other');
  await dialog.getByRole('button', { name: '修改密码并退出' }).click();
  await dialog.getByText('密码至少要有 12 个字').waitFor();
  await accessible(page, 'changing the password');
  await dialog.getByLabel('现在的密码').fill('not the present one');
  await dialog.getByLabel('新密码').fill(another);
  await dialog.getByLabel('再写一遍').fill(another);
  await dialog.getByRole('button', { name: '修改密码并退出' }).click();
  await page.getByText('现在的密码不对').first().waitFor();
  browser.forgive(/403/);
  await dialog.getByLabel('现在的密码').fill(PASSWORD);
  await dialog.getByRole('button', { name: '修改密码并退出' }).click();
  await page.getByText('密码已修改，请用新密码登录').waitFor();
  await browser.signIn(page, 'shen', another);
});

test('nothing complained', () => {
  assert.deepEqual(browser.complaints, []);
});
