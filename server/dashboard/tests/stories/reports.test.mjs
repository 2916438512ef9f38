/** A supervisor makes a report of the office's own records: each number opens its rows, and the same numbers are a file. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { sheetRows } from './sheet.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const household = await server.call('POST', '/v1/records', {
    grid: AREA.one,
    form: 'household',
    fields: { address: '和平路 1 号' },
  });
  const at = new Date().toISOString();
  // One visit with two needs, one with one of them, one with none.
  for (const needs of [['meals', 'repair'], ['meals'], []]) {
    const fields = { household: household.record.record_id, visited_at: at, purpose: 'care', needs };
    await server.call('POST', '/v1/records', { grid: AREA.one, form: 'visit', fields });
  }
  for (const summary of ['路灯不亮', '井盖松动']) {
    const fields = { kind: 'other', summary, reported_at: at };
    await server.call('POST', '/v1/records', { grid: AREA.one, form: 'matter', fields });
  }
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

async function open(path) {
  await page.goto(server.url + path);
  await ready(page);
}
const row = (name) => page.locator('tbody tr').filter({ hasText: name });

test('what every office asks for first is there, and says that a record was captured once', async () => {
  await open('/reports');
  await page.getByRole('link', { name: '走访需求' }).waitFor();
  await page.getByText(/走访：记录一次，用于 \d+ 个报表/).waitFor();
  await accessible(page, 'reports');
  await shot(page, 'reports-laptop-zh');
  await page.getByRole('link', { name: '走访需求' }).click();
  await row('助餐').waitFor();
  await page.getByText('这 3 条记录各只填写一次').waitFor();
});

test('a supervisor makes a report, opens the rows behind a number and takes the file', async () => {
  await open('/reports/new');
  await page.getByLabel('名称').fill('送餐与维修');
  await page.getByLabel('统计哪种表单').selectOption('visit');
  await page.getByLabel('分组').first().selectOption('field:needs');
  await accessible(page, 'a new report');
  await shot(page, 'report-edit-laptop-zh');
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByRole('heading', { name: '送餐与维修' }).waitFor();
  await row('助餐').waitFor();
  // One record with two needs counts with each of them, and once in all.
  const numbers = async (name) => (await row(name).locator('td').first().innerText()).split('\n')[0].trim();
  assert.deepEqual([await numbers('助餐'), await numbers('维修'), await numbers('合计')], ['2', '1', '3']);
  await accessible(page, 'a report');
  await shot(page, 'report-laptop-zh');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: '导出 XLSX' }).click();
  const bytes = await readFile(await (await download).path());
  const rows = sheetRows(bytes);
  assert.ok(
    rows.some((cells) => cells.includes('助餐') && cells.map(String).includes('2')),
    JSON.stringify(rows),
  );
  await row('助餐').getByRole('link', { name: '2', exact: true }).click();
  await page.getByText('报表里一个数背后的记录').waitFor();
  await page
    .getByText(/共 2 条|2 条/)
    .first()
    .waitFor();
  await page.locator('tbody tr').nth(1).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 2);
});

test('a report is printed without what is only clicked', async () => {
  await open('/reports/matters-by-kind');
  await row('合计').waitFor();
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.getByRole('button', { name: '打印' }).isVisible(), false);
  assert.equal(await row('合计').isVisible(), true);
  await shot(page, 'report-print-zh');
  await page.emulateMedia({ media: null });
});
