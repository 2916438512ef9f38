/** A household in the wrong grid is moved: who may, where to, and what whoever looks for it finds. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page, household, visit;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const add = async (form, fields) =>
    (await server.call('POST', '/v1/records', { grid: AREA.one, form, fields })).record.record_id;
  household = await add('household', { address: '幸福里8号楼', care_notes: '每周送药' });
  visit = await add('visit', { household, purpose: 'routine', visited_at: new Date().toISOString() });
  const han = await server.call('POST', '/v1/users', { name: '韩主管', login: 'han', password: PASSWORD });
  await server.call('POST', '/v1/grants', { user_id: han.user_id, role: 'supervisor', area: AREA.one });
  browser = await Browser.start(server);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const open = async (id) => {
  await page.goto(`${server.url}/records/${id}`);
  await ready(page);
};
const act = () => page.getByRole('button', { name: '移到其他网格…' });

test('whoever has one grid is not offered to move a record out of it', async () => {
  page = await browser.page();
  await browser.signIn(page, 'han', PASSWORD);
  await open(household);
  await page.getByRole('button', { name: '标为删除' }).waitFor();
  assert.equal(await act().count(), 0);
  await page.context().close();
});

test('a household goes to the grid that is chosen, and its visits go with it', async () => {
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
  await open(household);
  await act().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/“幸福里8号楼”会带着全部内容/).waitFor();
  await dialog.getByRole('button', { name: '移动', exact: true }).click();
  await dialog.locator('.el-form-item__error', { hasText: '请选择网格' }).waitFor();
  await dialog.getByRole('combobox', { name: '移到哪个网格' }).fill('网格');
  await page.getByRole('option', { name: /第二网格/ }).waitFor();
  assert.equal(await page.getByRole('option', { name: /第一网格/ }).count(), 0, 'the grid where it is');
  await page.getByRole('option', { name: /第二网格/ }).click();
  await page.getByRole('option', { name: /第二网格/ }).waitFor({ state: 'hidden' });
  await accessible(page, 'where a record goes');
  await dialog.getByRole('button', { name: '移动', exact: true }).click();
  await page.waitForURL((url) => !url.pathname.includes(household));
  await ready(page);
  const to = page.url().split('/').at(-1);
  await page.getByText('由 王主管 从“第一网格”移来').waitFor();
  await accessible(page, 'a record that was moved here');
  const now = await server.call('GET', `/v1/records/${to}`);
  assert.deepEqual([now.grid, now.fields.care_notes], [AREA.two, '每周送药']);
  assert.equal((await server.call('GET', `/v1/records/${visit}`)).fields.household, to);
});

test('whoever opens it where it was is told where it went', async () => {
  await open(household);
  await page.getByText('王主管 已把这条记录移到“第二网格”').waitFor();
  assert.equal(await act().count(), 0);
  await accessible(page, 'a record that was moved away');
  await page.getByRole('link', { name: '打开现在的记录' }).click();
  await page.waitForURL((url) => !url.pathname.includes(household));
  await page.getByText('由 王主管 从“第一网格”移来').waitFor();
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
