/** A grid goes to another worker: it is rehearsed, done, and seen on both phones before they are handed out; a household that is there twice is decided on. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const add = (form, fields) => server.call('POST', '/v1/records', { grid: AREA.two, form, fields });
  await add('household', { address: '幸福里8号楼', head_name: '王小明' });
  await add('household', { address: '幸福里８号楼', head_name: 'wxm' });
  await add('task', { title: '检查电梯', doer: town.workers[2].user_id });
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const holds = async (name, text) => {
  await page.goto(`${server.url}/administration/users`);
  await ready(page);
  const row = page.getByRole('row', { name: new RegExp(name) });
  await row.getByRole('button', { name: '手机里有什么' }).click();
  const dialog = page.getByRole('dialog', { name: `${name}的手机里有什么` });
  await dialog.getByText(text).waitFor();
  return dialog;
};
const choose = async (dialog, label, typed) => {
  await dialog.getByRole('combobox', { name: label }).fill(typed);
  await page.getByRole('option', { name: new RegExp(typed) }).click();
  await page.getByRole('option', { name: new RegExp(typed) }).waitFor({ state: 'hidden' });
};

test('what the phone of a worker holds is seen', async () => {
  const dialog = await holds('孙网格员', /记录 3 条，未办结 1 项，其中由本人办理 1 项/);
  await accessible(page, 'what a phone holds');
  assert.equal(await dialog.getByRole('link', { name: '检查电梯' }).count(), 1);
});

test('a grid is handed over as the rehearsal said', async () => {
  await page.goto(`${server.url}/administration/areas`);
  await ready(page);
  await page.getByRole('button', { name: '调整网格…' }).click();
  const dialog = page.getByRole('dialog', { name: '调整网格' });
  const go = dialog.getByRole('button', { name: '定下来' });
  assert.ok(await go.isDisabled(), 'nothing was rehearsed');
  await choose(dialog, '网格', '第二网格');
  await choose(dialog, '移交人', '孙网格员');
  await choose(dialog, '接手人', '赵网格员');
  await dialog.getByRole('button', { name: '预演' }).click();
  await dialog.getByText(/未办结的工作 1 项换人/).waitFor();
  await dialog.getByText('授权结束，手机会清除：孙网格员').waitFor();
  await accessible(page, 'a redrawing that was rehearsed');
  await go.click();
  await page.getByRole('dialog').filter({ hasText: '不能整体撤回' }).getByRole('button', { name: '定下来' }).click();
  await dialog.getByText('已做完').waitFor();
  await holds('孙网格员', '没有任何网格：手机里不会有记录');
  await holds('赵网格员', /其中由本人办理 1 项/);
});

test('the phone that had it erases it', async () => {
  const { phone } = town.workers[2];
  await phone.do('sync');
  await phone.do('sync');
  const { phones } = await server.call('GET', '/v1/phones');
  const was = phones.find((each) => each.user_id === town.workers[2].user_id);
  assert.ok(was.grid_erased_at, JSON.stringify(was));
});

test('a household that is there twice is proposed, and a decision is taken back', async () => {
  await page.goto(`${server.url}/records`);
  await ready(page);
  await page.getByRole('button', { name: '查找重复住户…' }).click();
  const dialog = page.getByRole('dialog', { name: '可能重复的住户' });
  await dialog.getByText('共 1 对').waitFor();
  await accessible(page, 'households that may be there twice');
  await dialog.getByRole('button', { name: '不是同一户' }).click();
  await dialog.getByText('没有', { exact: true }).waitFor();
  await dialog.getByText('已定为不是同一户').click();
  await dialog.getByRole('button', { name: '撤回决定' }).click();
  await dialog.getByText('待决定').click();
  await dialog.getByRole('button', { name: '合并…' }).click();
  await page.getByRole('dialog').last().getByRole('button', { name: '合并', exact: true }).click();
  await dialog.getByText('没有', { exact: true }).waitFor();
  const { records } = await server.call('GET', '/v1/records?form=household');
  assert.equal(records.length, 1);
});
