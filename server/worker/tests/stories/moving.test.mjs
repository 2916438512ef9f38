/** To another phone: nothing stays behind on the old one, and it is given up only at the end. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { enrol, Handset, invite, keptForOffline, ready, recordsOf, Server, shot, usable, until } from './harness.mjs';
import { found } from './town.mjs';

let server, old, page, fresh, theirs, town;

before(async () => {
  server = await Server.start();
  town = await found(server);
  old = new Handset();
  page = await old.start(server);
  await enrol(old, page, town.li.user_id);
  await keptForOffline(page);
});
after(async () => {
  await fresh?.end();
  await old?.end();
  await server?.end();
});

const save = (at) => at.getByRole('button', { name: '保存', exact: true }).click();

test('what is on this phone alone is told, and sent or finished from there', async () => {
  await old.loseSignal();
  await old.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByText('关怀慰问', { exact: true }).click();
  await page.getByLabel('走访记录').fill('换手机前写的');
  await save(page);
  await page.getByRole('heading', { name: '关怀慰问' }).waitFor();
  await old.open(page, `new/visit?household=${town.households[1]}`);
  await page.getByText('日常走访', { exact: true }).click();
  await page.getByText('草稿已存在手机上').waitFor();
  await old.open(page, 'me');
  await page.getByRole('link', { name: '换一台手机' }).click();
  await page.getByText('1 项修改等待送出').waitFor();
  await page.getByText('1 份草稿还没写完').waitFor();
  await shot(page, 'move');
  await usable(page, 'move');
  await old.findSignal();
  await page.getByRole('link', { name: '1 份草稿还没写完' }).click();
  await page.getByRole('link', { name: /走访，还没写完/ }).click();
  await page.getByText('日常走访', { exact: true }).waitFor();
  await save(page);
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await old.open(page, 'move');
  // Sent by itself meanwhile, or now.
  const sync = page.getByRole('button', { name: '同步', exact: true });
  const sent = page.getByText('这台手机上没有等待送出的，也没有草稿。');
  await sync.or(sent).first().waitFor();
  if (await sync.isVisible()) await sync.click().catch(() => undefined);
  await sent.waitFor();
  await until('both visits are at the server', async () => (await recordsOf(server, 'visit')).length === 2);
});

test('the new phone begins at the address shown, and has what the old one sent', async () => {
  const shown = await page.getByText(/^应用的地址：/).innerText();
  const address = shown.slice('应用的地址：'.length);
  fresh = new Handset();
  theirs = await fresh.start(server);
  await theirs.goto(address);
  const { code } = await invite(server, town.li.user_id);
  await theirs.getByLabel('登记码').fill(code);
  await theirs.getByRole('button', { name: '登记', exact: true }).click();
  await theirs.getByRole('button', { name: '开始使用' }).click();
  await ready(theirs);
  await fresh.open(theirs, 'search');
  await theirs.getByRole('link', { name: /关怀慰问/ }).click();
  await theirs.getByText('换手机前写的').waitFor();
  // The old one goes on working meanwhile.
  await old.open(page, 'search');
  await page.getByRole('link', { name: /关怀慰问/ }).waitFor();
});

test('the old phone keeps nothing once it was signed out, and the new one goes on', async () => {
  await old.open(page, 'move');
  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '退出', exact: true }).click();
  await page.getByRole('heading', { name: '登记这台手机' }).waitFor();
  await page.goto(`${server.url}/m/search`);
  await page.getByRole('heading', { name: '登记这台手机' }).waitFor();
  await fresh.open(theirs, `new/visit?household=${town.households[0]}`);
  await theirs.getByText('政策宣传', { exact: true }).click();
  await save(theirs);
  await theirs.getByRole('heading', { name: '政策宣传' }).waitFor();
  await until('the new phone’s visit is at the server', async () => (await recordsOf(server, 'visit')).length === 3);
  for (const phone of [old, fresh]) {
    assert.deepEqual(phone.complaints, []);
    assert.deepEqual(phone.elsewhere, []);
  }
});
