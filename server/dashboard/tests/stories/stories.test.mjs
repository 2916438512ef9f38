/** The stories a supervisor lives, in a browser against the real server with real phones. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot, SOON_MS } from './harness.mjs';
import { disagree, found, PASSWORD } from './town.mjs';

/** What the sign-in page and the overview may send as scripts, compressed. */
const FIRST_PAGE_BYTES = 250 * 1024;

let server, browser, town, page, household;

before(async () => {
  server = await Server.start();
  town = await found(server);
  household = await disagree(town.workers);
  browser = await Browser.start(server);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const text = (selector) => page.locator(selector).first().innerText();
const button = (name) => page.getByRole('button', { name });

test('a wrong password is told in a sentence, and the request’s id to who asks', async () => {
  page = await browser.page();
  await page.goto(server.url);
  await page.waitForURL('**/sign-in');
  await page.fill('input[name=login]', 'wang');
  await page.fill('input[name=password]', 'not the password');
  await page.press('input[name=password]', 'Enter');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.doesNotMatch(await alert.innerText(), /[0-9a-f]{8}-/);
  await alert.getByText('详情').click();
  assert.match(await alert.innerText(), /请求编号 [0-9a-f-]{36}/);
  browser.forgive(/401/);
  await accessible(page, 'sign-in');
  await shot(page, 'sign-in-laptop-zh');
});

test('a supervisor signs in by keyboard alone, and the first page is small', async (context) => {
  await page.reload();
  await page.waitForSelector('form');
  for (
    let tabs = 0;
    tabs < 6 && (await page.evaluate(() => document.activeElement?.getAttribute('name'))) !== 'login';
    tabs += 1
  )
    await page.keyboard.press('Tab');
  await page.keyboard.type('wang');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${server.url}/`);
  await ready(page);
  // The plot, and what it shares with the charts of reports.
  const plot = /TrendChart|installCanvasRenderer/;
  const sent = [...browser.scripts].filter(([path]) => !plot.test(path));
  const bytes = sent.reduce((sum, [, size]) => sum + size, 0);
  context.diagnostic(
    `scripts of sign-in and overview: ${bytes} bytes in ${sent.length} files, without the plot, which is asked for afterwards`,
  );
  assert.ok(bytes > 10_000 && bytes <= FIRST_PAGE_BYTES, `${bytes} bytes: ${JSON.stringify(sent)}`);
  const cookies = await page.context().cookies();
  const cookie = cookies.find((c) => c.name === '__Host-gridfold');
  assert.ok(cookie?.httpOnly && cookie.secure && cookie.sameSite === 'Strict');
});

test('the numbers of the overview lead to what is behind them', async () => {
  await page.getByRole('link', { name: /待处理.*冲突 1/s }).click();
  await page.waitForURL('**/attention*');
  await ready(page);
  assert.equal(await page.locator('.item.conflict').count(), 1);
});

test('a conflict is settled with one click, the phone receives it, and the queue empties', async () => {
  await page.getByRole('link', { name: '去选定' }).click();
  await page.waitForURL(`**/records/${household}`);
  await ready(page);
  await accessible(page, 'a record in conflict');
  await shot(page, 'conflict-laptop-zh');
  const values = await page.locator('.conflict .what').allInnerTexts();
  assert.deepEqual([...values].sort(), ['13900000001', '13900000002']);
  await page.getByRole('button', { name: `采用这个: ${values[1]}` }).click();
  await page.locator('.conflict').waitFor({ state: 'detached' });
  for (const { phone } of town.workers.slice(0, 2)) {
    await phone.do('sync');
    const seen = await phone.do('get', { record: household });
    assert.equal(seen.fields.phone, values[1]);
    assert.equal(seen.conflicts, 0);
  }
  await page.goto(`${server.url}/attention`);
  await ready(page);
  assert.match(await text('.nothing'), /都处理完了/);
});

test('the history tells each offline edit in words', async () => {
  await page.goto(`${server.url}/records/${household}`);
  await ready(page);
  const history = await text('.timeline');
  // Both were written over the same number, whichever arrived first.
  const [, over] = /把“联系电话”由“(138\d+)”改为“13900000001”/.exec(history) ?? [];
  assert.ok(over, history);
  assert.match(history, new RegExp(`把“联系电话”由“${over}”改为“13900000002”`));
  assert.doesNotMatch(history, /[{}]/);
  assert.match(history, /李网格员/);
});

test('a visit arrives live, marked as new, without moving what is read', async () => {
  const [{ phone }] = town.workers;
  await phone.do('capture', { form: 'visit' });
  await phone.do('sync');
  await page.goto(`${server.url}/records?form=visit`);
  await ready(page);
  await page.locator('.mark.good').waitFor();
  const top = await page.locator('tbody tr').first().boundingBox();
  const { record } = await phone.do('capture', { form: 'visit' });
  await phone.do('sync');
  const arrived = button(/有 1 条新内容/);
  await arrived.waitFor();
  assert.equal(await page.locator('tbody tr').count(), 1);
  assert.deepEqual(await page.locator('tbody tr').first().boundingBox(), top);
  await arrived.click();
  const fresh = page.locator('tbody tr.fresh');
  assert.equal(await fresh.count(), 1);
  assert.equal(await fresh.locator('a').getAttribute('href'), `/records/${record}`);
});

test('what is exported is what is shown', async () => {
  await page.goto(`${server.url}/records?form=visit&columns=grid,captured,f.purpose&sort=captured`);
  await ready(page);
  const shown = await page.locator('tbody tr').count();
  await button('导出').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('group', { name: '显示的列' }).getByRole('button', { name: 'CSV' }).click(),
  ]);
  const file = await readFile(await download.path(), 'utf8');
  const lines = file
    .replace(/^\ufeff/, '')
    .trim()
    .split(/\r?\n/);
  assert.equal(lines[0], '名称,网格,记录时间,走访事由');
  const purposes = await page.locator('tbody tr td:last-child').allInnerTexts();
  assert.equal(lines.length - 1, shown);
  assert.deepEqual(
    lines.slice(1).map((l) => l.split(',')[3]),
    purposes,
  );
});

test('a view is saved, shown again and removed', async () => {
  await button('常用视图').click();
  await button('保存当前视图…').click();
  await page.getByRole('dialog').getByRole('textbox').fill('走访');
  await page.getByRole('dialog').getByRole('button', { name: '保存当前视图' }).click();
  await page.getByText('已保存视图“走访”').waitFor();
  await page.goto(`${server.url}/records`);
  await ready(page);
  await button('常用视图').click();
  await page.getByRole('button', { name: '走访', exact: true }).click();
  await page.waitForURL(/form=visit/);
  assert.match(page.url(), /columns=grid%2Ccaptured%2Cf\.purpose|columns=grid,captured,f\.purpose/);
});

test('a matter is dispatched to a person, the phone acknowledges, and the board shows it by itself', async () => {
  const [{ phone, name }] = town.workers;
  const { record } = await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  await page.goto(`${server.url}/records/${record}`);
  await ready(page);
  await button('受理').click();
  await page.getByRole('dialog').getByRole('button', { name: '受理' }).click();
  await page.getByRole('button', { name: '派遣' }).click();
  const dialog = page.getByRole('dialog', { name: '派遣给人办理' });
  await dialog.getByLabel('任务名称').fill('疏通雨水口');
  await dialog.getByRole('combobox', { name: '执行人' }).fill(name);
  await page.getByRole('option', { name }).click();
  const due = dialog.getByRole('combobox', { name: '完成时限' });
  await due.fill('2099-01-02 09:00:00');
  await page.getByRole('dialog', { name: '完成时限' }).waitFor();
  await accessible(page, 'choosing a day');
  await due.press('Enter');
  await page.getByRole('dialog', { name: '完成时限' }).waitFor({ state: 'hidden' });
  await shot(page, 'dispatch-laptop-zh');
  await accessible(page, 'dispatching');
  await dialog.getByRole('button', { name: '派遣' }).click();
  await dialog.waitFor({ state: 'detached' });
  const matter = await server.call('GET', `/v1/records/${record}`);
  assert.equal(matter.status, 'dispatched');
  // By id, with the name of the moment.
  assert.equal(matter.fields.assignee.name, name);
  assert.equal(matter.fields.assignee.user_id, matter.assignee_id);

  await page.goto(`${server.url}/tasks`);
  await ready(page);
  await page.getByRole('region', { name: '已下达' }).getByText('疏通雨水口').waitFor();
  await phone.do('sync');
  const [task] = await phone.do('list', { form: 'task' });
  assert.equal(task.title, '疏通雨水口');
  await phone.do('acknowledge', { record: task.record });
  await phone.do('sync');
  await page.getByRole('region', { name: '已签收' }).getByText('疏通雨水口').waitFor({ timeout: SOON_MS });
});

test('several matters are done with at once, and returning needs a reason', async () => {
  const [{ phone }] = town.workers;
  for (let n = 0; n < 3; n += 1) await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  await page.goto(`${server.url}/matters`);
  await ready(page);
  const boxes = page.getByRole('region', { name: '已上报' }).getByRole('checkbox');
  await boxes.nth(2).waitFor();
  for (let n = 0; n < 3; n += 1) await boxes.nth(n).check();
  await button('受理').click();
  await page.getByRole('dialog').getByRole('button', { name: '受理' }).click();
  await page.getByText('3 项完成').waitFor();
  const accepted = await server.call('GET', '/v1/records?form=matter&status=accepted');
  assert.equal(accepted.records.length, 3);
  await page.getByRole('region', { name: '已受理' }).getByRole('checkbox').first().check();
  await button('退回').click();
  await page.getByRole('dialog').getByRole('button', { name: '退回' }).click();
  await page.getByText('请写明原因').waitFor();
  await page.getByRole('dialog').getByRole('textbox').fill('地址不清');
  await page.getByRole('dialog').getByRole('button', { name: '退回' }).click();
  await page.getByText('1 项完成').waitFor();
  assert.equal((await server.call('GET', '/v1/records?form=matter&status=returned')).records.length, 1);
});

test('an area is drawn and filters the map', async () => {
  await page.goto(`${server.url}/map`);
  await ready(page);
  const total = () => text('.row.apart [role=status]');
  await page.waitForFunction(() =>
    /地图内 [1-9]/.test(document.querySelector('.row.apart [role=status]')?.textContent ?? ''),
  );
  await button('圈定范围').click();
  await page.fill('#corners', '10,10\n11,10\n11,11');
  await button('完成').click();
  await page.waitForURL(/within=/);
  await page.waitForFunction(() =>
    document.querySelector('.row.apart [role=status]')?.textContent?.includes('地图内 0'),
  );
  assert.match(await total(), /地图内 0/);
});

test('a lost phone is revoked and can no longer sync', async () => {
  const lost = town.workers[2];
  await page.goto(`${server.url}/administration/devices`);
  await ready(page);
  await page.getByRole('button', { name: `吊销: ${lost.name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: '吊销' }).click();
  await page
    .getByRole('row', { name: new RegExp(lost.name) })
    .getByText('已吊销')
    .waitFor();
  await lost.phone.do('capture', { form: 'visit' });
  await assert.rejects(lost.phone.do('sync'), /may no longer sync/);
});

test('a code for a new phone is shown as QR and in letters', async () => {
  await page.goto(`${server.url}/administration/users`);
  await ready(page);
  await page
    .getByRole('row', { name: /李网格员/ })
    .getByRole('button', { name: '登记手机' })
    .click();
  await page.getByRole('img', { name: '登记二维码' }).waitFor();
  // What the camera opens is the worker's app, which that server serves.
  const link = await page.getByRole('link', { name: '#enrol=' }).getAttribute('href');
  const app = await (await fetch(link)).text();
  const spoken = await page.locator('strong.mono').innerText();
  assert.ok(link.endsWith(`/m/#enrol=${spoken.replace(/[^0-9A-Z]/g, '')}`), link);
  assert.match(app, /manifest/, 'the link opens no app');
  await accessible(page, 'enrolling');
});

test('a lost connection shows and heals', async () => {
  await page.goto(`${server.url}/records`);
  await ready(page);
  await page.locator('.top .mark.good').waitFor();
  await server.stop();
  await page.getByText('连接中断').waitFor();
  await shot(page, 'connection-lost-laptop-zh');
  await server.serve(new URL(server.url).host);
  await page.locator('.top .mark.good').waitFor();
  browser.forgive(/ERR_|Failed to load resource|EventSource/);
});

test('the page asks before the session ends, and ends it', async () => {
  const idle = await browser.page();
  await idle.clock.install();
  await browser.signIn(idle, 'wang', PASSWORD);
  await idle.clock.fastForward('13:30');
  await idle.getByRole('dialog', { name: '您还在吗？' }).waitFor();
  await idle.clock.fastForward('02:00');
  await idle.waitForURL(/\/sign-in/);
  await idle.getByText('15 分钟没有操作').waitFor();
  await idle.context().close();
});

test('an auditor sees no personal fields and no page that is not theirs', async () => {
  const audit = await browser.page({ language: 'en' });
  await browser.signIn(audit, 'shen', PASSWORD);
  await audit.goto(`${server.url}/records`);
  await ready(audit);
  assert.doesNotMatch(await audit.locator('main').innerText(), /1390000000/);
  await audit.goto(`${server.url}/administration/users`);
  await audit.getByText('You may not see this').waitFor();
  assert.equal(await audit.getByRole('link', { name: 'Needs attention' }).count(), 0);
  await shot(audit, 'no-permission-laptop-en');
  await audit.context().close();
});

test('signing out everywhere ends the other sessions', async () => {
  const one = await browser.page();
  const other = await browser.page();
  await browser.signIn(one, 'shen', PASSWORD);
  await browser.signIn(other, 'shen', PASSWORD);
  await one.locator('.account summary').click();
  await one.getByRole('button', { name: '在所有设备上退出' }).click();
  await one.getByRole('dialog').getByRole('button', { name: '在所有设备上退出' }).click();
  await one.getByText('您已在所有设备上退出').waitFor();
  await other.goto(`${server.url}/records`);
  await other.waitForURL(/\/sign-in/);
  browser.forgive(/401|ERR_/);
  await one.context().close();
  await other.context().close();
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
