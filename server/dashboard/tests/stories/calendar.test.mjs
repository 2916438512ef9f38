/** The stories of a catalogue and a working calendar: brought by an administrator, met by a supervisor on a record's page. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

const CATALOGUE = `编码,上级编码,中文名称,英文名称,责任部门,办理时限,提前提醒
road,,道路设施,Road works,城管科,一般：3个工作日；紧急：8个工作小时,一般：1个工作日
road-lamp,road,灯杆倾斜,Leaning lamp post,,,
`;
/** Wednesday 30 September 2026 at 10 in Beijing. */
const REPORTED = '2026-09-30T02:00:00Z';
let server, browser, town, page;

before(async () => {
  server = await Server.start();
  town = await found(server);
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

/** A matter with these fields, by its id. */
async function matter(fields) {
  const { record } = await server.call('POST', '/v1/records', { grid: AREA.one, form: 'matter', fields });
  return record.record_id;
}
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
async function open(path) {
  await page.goto(server.url + path);
  await ready(page);
}
async function inYear(year) {
  await page.getByRole('combobox', { name: '年份' }).press('Enter');
  await page.getByRole('option', { name: year }).click();
}
async function choose(name, text) {
  await button('导入表格').click();
  await dialog()
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
}
async function publish() {
  await dialog().getByRole('button', { name: '发布' }).click();
  await dialog().waitFor({ state: 'detached' });
}

test('an administrator brings a catalogue of levels and deadlines by urgency, and a wrong row keeps all of it out', async () => {
  await open('/administration/catalogue');
  const { version } = await server.call('GET', '/v1/catalogue');
  await choose('catalogue.csv', `${CATALOGUE}bad,nowhere,坏行,Bad row,城管科,五天,\n`);
  await dialog().getByText('有 1 行不对').waitFor();
  await dialog()
    .getByText(/第 4 行：.*五天/)
    .waitFor();
  assert.equal(await dialog().getByRole('button', { name: '发布' }).isDisabled(), true);
  await accessible(page, 'importing a catalogue');
  await dialog().getByRole('button', { name: '取消' }).click();
  await choose('catalogue.csv', CATALOGUE);
  await dialog()
    .getByText(/新增 2/)
    .waitFor();
  await publish();
  const row = page.getByRole('row', { name: /道路设施 › 灯杆倾斜/ });
  await row.getByText('一般：3 个工作日，提前 1 个工作日 提醒').waitFor();
  await row.getByText('紧急：8 个工作小时').waitFor();
  assert.equal((await server.call('GET', '/v1/catalogue')).version, version + 1);
});

test('a supervisor sees a due date over National Day and a make-up Saturday, and both when the calendar changes', async () => {
  const due = '2026-10-10T09:30:00.000Z';
  const fields = { kind: '灯杆倾斜', summary: '灯杆歪了', reported_at: REPORTED, due_at: due };
  const id = await matter(fields);
  const supervisor = await browser.page();
  await browser.signIn(supervisor, 'wang', PASSWORD);
  const note = supervisor.locator('.deadline');
  await supervisor.goto(`${server.url}/records/${id}`);
  await note.getByText('按事项清单应于 2026/10/10 17:30 前办结').waitFor();
  await note.getByText('2026/10/09 17:30 起提醒').waitFor();

  await open('/administration/calendar');
  await inYear('2026');
  await page.locator('[data-date="2026-10-01"].holiday').waitFor();
  await page.locator('[data-date="2026-10-10"].make_up').waitFor();
  await accessible(page, 'the working calendar');
  await choose('calendar.csv', '日期,类别\n2026-10-10,本单位休息\n2026-13-01,放假\n');
  await dialog()
    .getByText(/第 3 行：日期看不懂/)
    .waitFor();
  await dialog().getByRole('button', { name: '取消' }).click();
  await choose('calendar.csv', '日期,类别,名称\n2026-10-10,本单位休息,社区日\n');
  await dialog()
    .getByText(/修改|新增 1/)
    .waitFor();
  await publish();
  await page.locator('[data-date="2026-10-10"].closed').waitFor();

  await supervisor.reload();
  await note.getByText('记录里的时限是 2026/10/10 17:30，仍然有效；按现行规则应为 2026/10/12 17:30。').waitFor();
  await note.getByText('当时用的是工作日历第 0 版').waitFor();
  const kept = await server.call('GET', `/v1/records/${id}`);
  assert.equal(kept.fields.due_at, due);
  await supervisor.close();
});

test('a year that nobody has announced says so, in its months and on a record', async () => {
  await open('/administration/calendar');
  const unknown = String(new Date().getFullYear() + 3);
  await inYear(unknown);
  await page.getByText(`${unknown} 年的放假安排还没有公布`).waitFor();
  const fields = { kind: '灯杆倾斜', summary: '跨年', reported_at: `${Number(unknown) - 1}-12-31T02:00:00Z` };
  const id = await matter(fields);
  await open(`/records/${id}`);
  await page.locator('.deadline').getByText('暂定：所跨年份的放假安排还没有公布').waitFor();
});

test('the hours of a week are changed as a new version', async () => {
  await open('/administration/calendar');
  const { version } = await server.call('GET', '/v1/calendar');
  await button('修改工作时间').click();
  await page.getByRole('textbox', { name: '工作时间' }).fill('8:30-12:00 11:00-17:00');
  await page.getByText('请写成 09:00-12:00').waitFor();
  await page.getByRole('textbox', { name: '工作时间' }).fill('8:30-12:00 14:00-17:30');
  await page.locator('.el-checkbox').filter({ hasText: '星期六' }).click();
  await accessible(page, 'writing the working calendar');
  await button(`发布第 ${version + 1} 版`).click();
  await dialog()
    .getByRole('button', { name: `发布第 ${version + 1} 版` })
    .click();
  await page.getByText(`已发布第 ${version + 1} 版`).waitFor();
  const calendar = await server.call('GET', '/v1/calendar');
  assert.deepEqual(calendar.hours, [
    { from: '08:30', to: '12:00' },
    { from: '14:00', to: '17:30' },
  ]);
  assert.deepEqual(calendar.week, ['mon', 'tue', 'wed', 'thu', 'fri', 'sat']);
  assert.equal(calendar.days.length, 1);
});
