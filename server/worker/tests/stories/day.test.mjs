/** A worker's day: enrolled, without a network, killed in the middle, back. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { enrol, Handset, keptForOffline, ready, recordsOf, Server, shot, syncs, Thumb, until } from './harness.mjs';
import { found } from './town.mjs';

let server, handset, page, town;

before(async () => {
  server = await Server.start();
  town = await found(server);
  handset = new Handset();
  page = await handset.start(server);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

const waits = (n) => page.getByText(n === 0 ? '全部已送出' : `${n} 项修改等待送出`).waitFor();
const save = () => page.getByRole('button', { name: '保存', exact: true });

test('enrolled by the link of an invitation, told whether what is kept here stays', async () => {
  await page.goto(`${server.url}/m/`);
  await page.getByRole('heading', { name: '登记这台手机' }).waitFor();
  await shot(page, 'enrol');
  await enrol(handset, page, town.li.user_id);
  assert.equal(new URL(page.url()).pathname, '/m/');
  assert.equal(new URL(page.url()).hash, '', 'the code is in no history');
  await page.getByText('李网格员').waitFor();
  await waits(0);
  await keptForOffline(page);
  await page.getByRole('link', { name: '我的' }).click();
  await page.getByText(/浏览器(答应|还没有答应)长期保存/).waitFor();
});

test('a visit takes at most 12 taps and 30 seconds, and is at the server', async () => {
  await page.getByRole('link', { name: '今天' }).click();
  const thumb = new Thumb();
  const began = performance.now();
  await thumb.tap(page.getByRole('link', { name: '记录' }));
  await page.getByRole('link', { name: '走访', exact: true }).waitFor();
  const [first] = await page.locator('main').getByRole('link').allInnerTexts();
  assert.equal(first, '走访', 'what is written most is nearest');
  await thumb.tap(page.getByRole('link', { name: '走访', exact: true }));
  await thumb.tap(page.getByRole('button', { name: '住户' }));
  await thumb.tap(page.getByRole('button', { name: '和平里3号楼2单元501' }));
  await thumb.tap(page.getByText('关怀慰问', { exact: true }));
  await thumb.tap(page.getByText('见到', { exact: true }));
  await thumb.tap(page.getByText('助餐', { exact: true }));
  await thumb.tap(page.getByLabel('走访记录'));
  await thumb.type(page, '送药上门，老人身体尚好');
  await shot(page, 'visit');
  await thumb.tap(save());
  await page.getByRole('heading', { name: '关怀慰问' }).waitFor();
  const waited = (performance.now() - began) / 1000;
  assert.ok(thumb.taps <= 12, `${thumb.taps} taps`);
  // The hand and the app one after the other: more than a person takes, who goes on while the app does.
  assert.ok(thumb.seconds + waited < 30, `${thumb.seconds} s of the hand, ${waited} s of the app`);
  const [visit] = await until('the visit is at the server', async () => {
    const visits = await recordsOf(server, 'visit');
    return visits.length === 1 && visits;
  });
  assert.equal(visit.household, town.households[0]);
  await page.getByText('已到服务器').first().waitFor();
});

test('with the server gone a visit is written, and what is half typed survives a kill', async () => {
  await server.stop();
  await handset.open(page, `new/visit?household=${town.households[1]}`);
  await page.getByText('安全检查', { exact: true }).click();
  await page.getByText('未遇', { exact: true }).click();
  await save().click();
  await page.getByRole('heading', { name: '安全检查' }).waitFor();
  await page.getByText('仅在手机上').first().waitFor();

  await handset.open(page, 'new/visit');
  await page.getByLabel('用时').fill('二十');
  await page.getByLabel('走访记录').fill('门锁坏了，约');
  // Its own address, once it is on disk: the last key is what is looked for after the kill.
  await page.waitForURL(/\/m\/draft\//);
  await page.getByLabel('走访记录').press('End');
  await page.keyboard.type('周五修');
  await page.getByText('草稿已存在手机上').waitFor();
  await handset.kill();
});

test('the app starts from what it keeps, and the draft goes on where it was left', async () => {
  page = await handset.start(server);
  await handset.open(page);
  await page.getByText('李网格员').waitFor();
  await waits(1);
  await shot(page, 'today-offline');
  await page.getByRole('link', { name: /走访，还没写完/ }).click();
  assert.equal(await page.getByLabel('走访记录').inputValue(), '门锁坏了，约周五修');
  assert.equal(await page.getByLabel('用时').inputValue(), '二十');
  await page.getByText('居民诉求', { exact: true }).click();
  await save().click();
  await page.getByText('请输入整数。').waitFor();
  await page.getByLabel('用时').fill('２０');
  await save().click();
  await page.getByRole('heading', { name: '居民诉求' }).waitFor();
});

test('what was taken back before it was sent is a draft again', async () => {
  // Without a network nothing is tried: what was tried may have been sent, and is not taken back any more.
  await handset.loseSignal();
  await handset.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByText('日常走访', { exact: true }).click();
  await page.getByLabel('用时').fill('15');
  await save().click();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await handset.open(page);
  await waits(3);
  await page.getByRole('button', { name: '撤回最后一项' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '撤回最后一项' }).click();
  await page.waitForURL(/\/m\/draft\//);
  await page.getByLabel('用时').waitFor();
  assert.equal(await page.getByLabel('用时').inputValue(), '15');
  await page.getByLabel('用时').fill('16');
  await save().click();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await handset.open(page);
  await waits(3);
  assert.equal(await page.getByText('还没写完').count(), 0, 'there is no second draft of it');
  await handset.findSignal();
});

test('with the server back all of it is there once', async () => {
  await server.back();
  await syncs(handset, page);
  const visits = await recordsOf(server, 'visit');
  assert.equal(visits.length, 4);
  const details = await Promise.all(visits.map(({ record_id: id }) => server.call('GET', `/v1/records/${id}`)));
  assert.deepEqual(
    details
      .map(({ fields }) => fields.minutes)
      .filter(Boolean)
      .sort(),
    [16, 20],
  );
  assert.ok(details.some(({ fields }) => fields.notes === '门锁坏了，约周五修'));
  await shot(page, 'today-synced');
});

test('of two tabs one writes; the other says so and takes over', async () => {
  const second = await handset.page();
  await second.goto(`${server.url}/m/`);
  await second.getByText('应用已在另一个标签页中打开').waitFor();
  await second.getByRole('button', { name: '在这里使用' }).click();
  await second.getByText('李网格员').waitFor();
  await page.getByText('应用已在另一个标签页中继续使用').waitFor();
  await page.getByRole('button', { name: '重新打开' }).click();
  await page.getByText('应用已在另一个标签页中打开').waitFor();
  await second.close();
  await page.reload();
  await ready(page);
  await page.getByText('李网格员').waitFor();
});

test('signing out asks before anything is lost, and leaves nothing', async () => {
  await server.stop();
  await handset.open(page, `new/visit?household=${town.households[1]}`);
  await page.getByText('日常走访', { exact: true }).click();
  await save().click();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await handset.open(page, 'me');
  await page.getByRole('button', { name: '退出' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '退出' }).click();
  await page.getByText('只在这台手机上').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: '取消' }).click();
  await handset.open(page);
  await waits(1);
  await server.back();
  await page.getByRole('button', { name: '同步', exact: true }).click();
  await waits(0);
  await handset.open(page, 'me');
  await page.getByRole('button', { name: '退出' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '退出' }).click();
  await page.getByRole('heading', { name: '登记这台手机' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: '登记这台手机' }).waitFor();
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(handset.complaints, []);
  assert.deepEqual(handset.elsewhere, []);
});
