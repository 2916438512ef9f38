/** A household that was entered twice becomes one: which stays, whose words stand, and what whoever looks for it finds. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page, stays, goes, visit;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const add = async (grid, form, fields) =>
    (await server.call('POST', '/v1/records', { grid, form, fields })).record.record_id;
  stays = await add(AREA.one, 'household', { address: '幸福里8号楼', head_name: '赵大爷' });
  goes = await add(AREA.two, 'household', {
    address: '幸福里八号楼',
    head_name: '赵大爷',
    phone: '13800000000',
    care_notes: '每周送药',
  });
  visit = await add(AREA.two, 'visit', {
    household: goes,
    purpose: 'routine',
    visited_at: new Date().toISOString(),
  });
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

test('a duplicate is merged into the record that is chosen, with the words that are chosen', async () => {
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
  await open(goes);
  await page.getByRole('button', { name: '与重复的记录合并…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/“幸福里八号楼”并入您选的那条/).waitFor();
  await dialog.getByRole('button', { name: '合并', exact: true }).click();
  await dialog.locator('.el-form-item__error', { hasText: '请选择保留的记录' }).waitFor();
  await dialog.getByRole('combobox', { name: '保留哪一条' }).fill('幸福里8');
  const option = page.getByRole('option', { name: /幸福里8号楼/ });
  await option.click();
  await option.waitFor({ state: 'hidden' });
  await dialog.getByText(/“幸福里8号楼”会补上：.*联系电话/).waitFor();
  await accessible(page, 'what is merged');
  const address = dialog.getByRole('group', { name: '地址' });
  assert.equal(await dialog.getByRole('radiogroup').count(), 1, 'what is the same in both is not asked');
  await address.getByText('这一条：幸福里八号楼').click();
  await dialog.getByRole('button', { name: '合并', exact: true }).click();
  await page.waitForURL((url) => url.pathname.endsWith(stays));
  await ready(page);
  await page.getByText('王主管 把一条重复的记录并了进来').waitFor();
  const now = await server.call('GET', `/v1/records/${stays}`);
  assert.equal(now.fields.address, '幸福里八号楼');
  assert.equal(now.fields.phone, '13800000000');
  assert.equal(now.fields.care_notes, '每周送药');
  assert.equal((await server.call('GET', `/v1/records/${visit}`)).household, stays);
  assert.deepEqual(
    (await server.call('GET', '/v1/records?form=household&text=幸福里')).records.map((row) => row.record_id),
    [stays],
  );
});

test('whoever opens the one that went is led to the one that stayed', async () => {
  await open(goes);
  await page.getByText('王主管 已把这条记录并入另一条').waitFor();
  await page.getByRole('link', { name: '打开现在的记录' }).click();
  await page.waitForURL((url) => url.pathname.endsWith(stays));
  await page.getByRole('heading', { name: '幸福里八号楼' }).waitFor();
});
