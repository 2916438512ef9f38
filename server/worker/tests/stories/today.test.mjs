/** What stands on Today, in which order, and on the map; what the catalogue proposes. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { enrol, Handset, keptForOffline, ready, recordsOf, Server, shot, syncs, until, usable } from './harness.mjs';
import { found, work } from './town.mjs';

let server, handset, page, town, task;

before(async () => {
  server = await Server.start();
  town = await found(server);
  ({ task } = await work(server, town));
  handset = new Handset();
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
  await keptForOffline(page);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

const sync = () => syncs(handset, page);
async function step(name) {
  await handset.open(page, `record/${task}`);
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog', { name }).getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog', { name }).waitFor({ state: 'detached' });
}
const names = (list) => page.locator(`[data-list=${list}] .name`).allInnerTexts();

test('work that comes back with words stands on Today with them, until it is done again', async () => {
  assert.deepEqual(await names('back'), []);
  await step('签收');
  await step('完成');
  await sync();
  await until('it is done', async () => (await server.call('GET', `/v1/records/${task}`)).status === 'done');
  await server.call('POST', `/v1/records/${task}/transitions`, { action: 'reissue', note: '照片不清楚，请重拍' });
  await sync();
  const back = page.locator('[data-list=back]');
  await back.getByText('照片不清楚，请重拍').waitFor();
  await back.getByText('查看3号楼电箱').waitFor();
  await page.getByRole('button', { name: '签收：查看3号楼电箱' }).waitFor();
  await shot(page, 'sent-back');
  await usable(page, 'sent back');
  await step('签收');
  await handset.open(page);
  await back.waitFor({ state: 'detached' });
});

test('households not visited are nearest first once the person has tapped for it, and not before', async () => {
  const cdp = await handset.context.newCDPSession(page);
  await handset.context.grantPermissions(['geolocation'], { origin: new URL(server.url).origin });
  // Beside the second household: a hundred metres from it, four hundred from the first.
  await cdp.send('Emulation.setGeolocationOverride', { latitude: 39.123, longitude: 117.2051, accuracy: 12 });
  await page.addInitScript(() => {
    const real = navigator.geolocation.watchPosition.bind(navigator.geolocation);
    window.placesAsked = 0;
    navigator.geolocation.watchPosition = (...all) => {
      window.placesAsked += 1;
      return real(...all);
    };
  });
  await handset.open(page);
  await page.locator('[data-list=unvisited]').waitFor();
  const before = await names('unvisited');
  assert.equal(before.length, 2);
  assert.equal(await page.evaluate(() => window.placesAsked), 0, 'nobody asks where the phone is by themselves');
  await page.getByRole('button', { name: '按远近排' }).click();
  await page.locator('[data-list=unvisited]').getByText('100 米').waitFor();
  assert.equal(await page.evaluate(() => window.placesAsked), 1);
  assert.deepEqual(await names('unvisited'), ['和平里3号楼2单元502', '和平里3号楼2单元501']);
  await shot(page, 'nearest');
  await usable(page, 'nearest first');
  await page.getByRole('button', { name: '不按远近排' }).click();
  await page.getByText('100 米').waitFor({ state: 'detached' });
  assert.deepEqual(await names('unvisited'), before);
});

test('a household that was visited is not among those that were not', async () => {
  await handset.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByText('日常走访', { exact: true }).click();
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await handset.open(page);
  await page.locator('[data-list=unvisited]').getByText('1／2').waitFor();
  assert.deepEqual(await names('unvisited'), ['和平里3号楼2单元502']);
});

test('a kind of the catalogue proposes the department, and says until when', async () => {
  await handset.open(page, 'new/matter');
  await page.getByLabel('事项类别').fill('路灯');
  await page.getByRole('button', { name: '路灯损坏' }).click();
  await page.getByText(/建议 .* 前办结/).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('input')].some(({ value }) => /市政/.test(value)));
  await shot(page, 'kind');
  assert.match(await page.getByLabel('责任部门').inputValue(), /市政/);
  await page.getByLabel('责任部门').fill('居委会');
  await page.getByLabel('事项类别').fill('');
  await page.getByRole('button', { name: '路灯损坏' }).click();
  await page.getByText(/建议 .* 前办结/).waitFor();
  assert.equal(await page.getByLabel('责任部门').inputValue(), '居委会', 'what a person wrote stays');
  await page.getByLabel('简述').fill('5号楼前路灯不亮');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('heading', { name: '5号楼前路灯不亮' }).waitFor();
  const made = await until('the matter is at the server', async () =>
    (await recordsOf(server, 'matter')).find(({ title }) => title === '5号楼前路灯不亮'),
  );
  const { fields } = await server.call('GET', `/v1/records/${made.record_id}`);
  assert.deepEqual([fields.kind, fields.department], ['路灯损坏', '居委会']);
});

test('the map shows what is on the phone, without a network, once it was near', async () => {
  const drawer = new Handset({ draws: true });
  try {
    const at = await drawer.start(server);
    await enrol(drawer, at, town.zhao.user_id);
    await keptForOffline(at);
    await drawer.context.grantPermissions(['geolocation'], { origin: new URL(server.url).origin });
    const cdp = await drawer.context.newCDPSession(at);
    await cdp.send('Emulation.setGeolocationOverride', { latitude: 39.123, longitude: 117.2051, accuracy: 12 });
    await at.getByRole('link', { name: '查找' }).click();
    // Fetched by itself a moment after the search was opened.
    await until('the map is kept', () =>
      at.evaluate(async () => {
        const kept = await (await caches.open('gridfold-later')).keys();
        return kept.filter(({ url }) => /MapView|maplibre/.test(url)).length >= 3;
      }),
    );
    await server.stop();
    await at.getByRole('link', { name: '地图' }).click();
    await at.locator('.spot').first().waitFor();
    await at.getByText('住户', { exact: true }).first().click();
    await at.getByText('2 条有位置，共 2 条').waitFor();
    await at.getByRole('button', { name: '和平里3号楼2单元502' }).click();
    const chosen = at.locator('[data-list=chosen]').getByRole('link', { name: /和平里3号楼2单元502/ });
    await chosen.waitFor();
    await at.getByRole('button', { name: '我在哪里' }).click();
    await at.getByRole('img', { name: /我的位置/ }).waitFor();
    await shot(at, 'map');
    await usable(at, 'map');
    await at.setViewportSize({ width: 320, height: 640 });
    await at.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    await usable(at, 'map with large text at 320 px');
    await shot(at, 'map-large');
    await chosen.click();
    await at.getByRole('heading', { name: '和平里3号楼2单元502' }).waitFor();
    assert.deepEqual([drawer.complaints, drawer.elsewhere], [[], []]);
  } finally {
    await drawer.end();
  }
});

test('nothing complained and nothing was asked for elsewhere', async () => {
  await ready(page);
  assert.deepEqual(handset.complaints, []);
  assert.deepEqual(handset.elsewhere, []);
});
