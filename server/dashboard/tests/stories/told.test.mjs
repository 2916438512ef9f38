/** What a supervisor is told and warned of: what came from others, places that are called alike, moves, edges of the map, what follows from an act. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot, WIDTHS } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page;
const WEST = { street: '990102', community: '990102001', grid: '990102001001' };

async function add(form, fields, grid = AREA.one) {
  return (await server.call('POST', '/v1/records', { grid, form, fields })).record.record_id;
}
const open = async (path, at = page) => {
  await at.goto(server.url + path);
  await ready(at);
};
const button = (name) => page.getByRole('button', { name });

before(async () => {
  server = await Server.start();
  town = await found(server);
  // A street of its own with a community and a grid that are called as those of the town.
  for (const [code, parent, name, level] of [
    [WEST.street, null, '西街', 'street'],
    [WEST.community, WEST.street, '和平社区', 'community'],
    [WEST.grid, WEST.community, '第一网格', 'grid'],
  ])
    await server.call('PUT', `/v1/areas/${code}`, { parent, name, level });
  const grant = { user_id: town.supervisor.user_id, role: 'supervisor', area: WEST.community };
  await server.call('POST', '/v1/grants', grant);
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

test('what came in today is what others wrote: the number and its list say the same, and ones own entry is in neither', async () => {
  const [{ phone }] = town.workers;
  await phone.do('capture', { form: 'meeting' });
  await phone.do('sync');
  await open('/');
  const tile = page.getByRole('link', { name: /今天收到/ });
  assert.match(await tile.innerText(), /今天收到\s*1\s*$/);
  await open('/records/new?form=household');
  await page.getByRole('textbox', { name: '地址' }).fill('来人登记的一户');
  await page.getByRole('combobox', { name: '网格' }).click();
  await page.getByRole('option', { name: /第二网格/ }).click();
  await button('保存').click();
  await page.waitForURL(/\/records\/[0-9a-f-]{36}$/);
  await open('/');
  assert.match(await tile.innerText(), /今天收到\s*1\s*$/);
  await tile.click();
  await page.getByText('共 1 条').waitFor();
  await page.getByRole('button', { name: /以后从别人那里收到/ }).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 1);
  await accessible(page, 'what came from others');
});

test('communities and grids of one name are told apart in lists, selects and the table of grids', async () => {
  const [here, there] = [
    await add('household', { address: '东边的一户' }),
    await add('household', { address: '西边的一户' }, WEST.grid),
  ];
  await open('/records?form=household&columns=grid&sort=title');
  const cell = (id) => page.getByRole('row').filter({ has: page.locator(`a[href="/records/${id}"]`) });
  await cell(here).getByText('示范街道 / 和平社区 / 第一网格').first().waitFor();
  await cell(there).getByText('西街 / 和平社区 / 第一网格').first().waitFor();
  await page.getByRole('combobox', { name: '区域' }).click();
  const options = page.getByRole('option', { name: /和平社区$/ });
  await options.nth(1).waitFor();
  await page.waitForFunction(() => {
    const all = [...document.querySelectorAll('[role=option]')].map((each) => each.textContent);
    return all.filter((text) => text.endsWith('和平社区')).every((text) => text.includes(' / '));
  });
  assert.deepEqual((await options.allInnerTexts()).sort(), ['示范街道 / 和平社区', '西街 / 和平社区'].sort());
  await open('/');
  const grids = page.getByRole('region', { name: '按网格' });
  await grids.getByRole('rowheader', { name: '西街 / 和平社区 / 第一网格' }).waitFor();
  await grids.getByRole('rowheader', { name: '示范街道 / 和平社区 / 第一网格' }).waitFor();
  // What nothing else is called like stands by its name.
  await grids.getByRole('rowheader', { name: '第二网格', exact: true }).waitFor();
});

test('a household that moved keeps when it was first recorded, and tells the move', async () => {
  const captured_at = '2026-01-05T02:00:00.000Z';
  const made = await server.call('POST', '/v1/records', {
    grid: AREA.one,
    form: 'household',
    fields: { address: '老住户' },
    captured_at,
  });
  const moved = await server.call('POST', `/v1/records/${made.record.record_id}/move`, { grid: AREA.two });
  await open(`/records/${moved.record_id}`);
  const times = page.locator('.times');
  assert.match(await times.innerText(), /首次记录 2026\/01\/05 10:00/);
  assert.doesNotMatch(await times.innerText(), /最近修改/);
  await page.getByText(/移来/).first().waitFor();
});

/**
 * Records in two of the tiles that the server counts together, most at the inner side of each and one at its outer side:
 * the middle of each lies far from that one.
 */
async function lay() {
  const TILES = 2 ** 14;
  const radians = (39.1 * Math.PI) / 180;
  const row = Math.floor((0.5 - Math.log(Math.tan(radians) + 1 / Math.cos(radians)) / (2 * Math.PI)) * TILES);
  const edge = (at) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * at) / TILES))) * 180) / Math.PI;
  const some = 0.0005;
  const places = [edge(row + 1) + some, edge(row - 3) - some];
  for (let n = 0; n < 11; n += 1) places.push(edge(row) - some, edge(row - 2) + some);
  for (const [n, lat] of places.entries())
    await add('visit', {
      purpose: 'routine',
      visited_at: '2026-06-10T08:00:00Z',
      location: { lat, lon: 117.2 + (n % 5) * 0.001 },
    });
}

for (const width of ['laptop', 'phone'])
  test(`no sign on the map is cut off by its edge: ${width}`, async () => {
    if (width === 'laptop') await lay();
    const at = width === 'laptop' ? page : await browser.page({ width });
    if (at !== page) await browser.signIn(at, 'wang', PASSWORD);
    // What is asked for once the map has moved to where the records are.
    const moved = at.waitForResponse((answer) => /\/v1\/map\?.*bbox=11/.test(decodeURIComponent(answer.url())));
    await open('/map?form=visit', at);
    await moved;
    await at.waitForFunction(() => {
      const all = [...document.querySelectorAll('.cluster')];
      return all.reduce((sum, each) => sum + (Number(each.textContent) || 1), 0) === 24;
    });
    const cut = await at.evaluate(() => {
      const frame = document.querySelector('.map').getBoundingClientRect();
      const out = [...document.querySelectorAll('.cluster')].map((each) => each.getBoundingClientRect());
      return out
        .filter((r) => r.left < frame.left || r.right > frame.right || r.top < frame.top || r.bottom > frame.bottom)
        .map((r) => [r.left - frame.left, r.top - frame.top, frame.right - r.right, frame.bottom - r.bottom]);
    });
    assert.deepEqual(cut, []);
    await shot(at, `map-edges-${width}-zh`);
    if (at !== page) await at.context().close();
  });

test('whoever closes a matter with an open task is warned before', async () => {
  const summary = '要结案的';
  const id = await add('matter', { kind: '其他', summary, reported_at: '2026-06-10T08:00:00Z' });
  const task = { title: '没做完的任务', matter: id, due_at: '2099-01-01T00:00:00Z' };
  await add('task', task);
  for (const action of ['accept', 'handle']) await server.call('POST', `/v1/records/${id}/transitions`, { action });
  await open(`/records/${id}`);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: '结案', exact: true }).click();
  await dialog.getByText('还有 1 个关联的任务没有完成').waitFor();
  await dialog.getByText('没做完的任务').waitFor();
  await accessible(page, 'closing with an open task');
  await shot(page, 'close-with-task-laptop-zh');
  await dialog.getByRole('button', { name: '不做，返回' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await button('答复并结案').click();
  await dialog.getByText('还有 1 个关联的任务没有完成').waitFor();
  await dialog.getByText('会依次记下：“答复”，“结案”').waitFor();
  await accessible(page, 'replying and closing');
  await dialog.getByRole('button', { name: '不做，返回' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await open('/matters?as=list');
  await page
    .getByRole('row', { name: new RegExp(summary) })
    .getByRole('checkbox')
    .check();
  await page.getByRole('region', { name: '批量操作' }).getByRole('button', { name: '结案', exact: true }).click();
  await dialog.getByText('还有 1 个关联的任务没有完成').waitFor();
  await dialog.getByRole('button', { name: '返回' }).click();
  await dialog.waitFor({ state: 'hidden' });
  assert.equal((await server.call('GET', `/v1/records/${id}`)).status, 'handled');
  // One without a task says nothing of tasks.
  const other = await add('matter', { kind: '其他', summary: '没有任务的', reported_at: '2026-06-10T08:00:00Z' });
  for (const action of ['accept', 'handle']) await server.call('POST', `/v1/records/${other}/transitions`, { action });
  await open(`/records/${other}`);
  const asked = page.waitForResponse((answer) => answer.url().includes(`about=${other}`) && answer.ok());
  await page.getByRole('button', { name: '结案', exact: true }).click();
  await asked;
  await dialog.getByText('做完后状态变为“已结案”。').waitFor();
  assert.equal(await dialog.getByText(/关联的任务没有完成/).count(), 0);
});

test('a refusal is told to whoever settles it by what they may do', async () => {
  const [{ phone }] = town.workers;
  const { record } = await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  await assert.rejects(server.call('POST', `/v1/records/${record}/transitions`, { action: 'close' }), /transition_not/);
  await open('/attention?kind=refused');
  const card = page.locator('.item.refused').first();
  await card.getByText('修改已保留：可以由您重做，也可以不予采用').waitFor();
  assert.doesNotMatch(await card.innerText(), /请/);
});

test('the record that is open is not offered to be merged with itself', async () => {
  const [one, other] = [
    await add('household', { address: '重复楼甲' }),
    await add('household', { address: '重复楼乙' }),
  ];
  await open(`/records/${one}`);
  await button('与重复的记录合并…').click();
  await page.getByRole('dialog').getByRole('combobox', { name: '保留哪一条' }).fill('重复楼');
  await page.getByRole('option', { name: /重复楼乙/ }).waitFor();
  assert.equal(await page.getByRole('option', { name: /重复楼甲/ }).count(), 0, `${one} is offered beside ${other}`);
});

test('an import of areas shows names as they are and as they would be, before anything is written', async () => {
  const admin = await browser.page();
  await browser.signIn(admin);
  await open('/administration/areas', admin);
  await admin.getByRole('button', { name: '导入区域' }).click();
  const dialog = admin.getByRole('dialog');
  const csv = `code,parent,name,level\n${AREA.two},${WEST.community},改名网格,grid\n`;
  await dialog
    .locator('input[type=file]')
    .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  const changes = dialog.getByRole('region', { name: '会修改的区域' });
  const row = changes.getByRole('row', { name: new RegExp(AREA.two) });
  await row.waitFor();
  const [was, is] = await row.getByRole('cell').allInnerTexts();
  assert.match(was, /^第二网格/);
  assert.match(is, /^改名网格/);
  await accessible(admin, 'what an import would change');
  await shot(admin, 'areas-import-laptop-zh');
  assert.equal((await server.call('GET', `/v1/areas/${AREA.two}`)).name, '第二网格');
  await admin.context().close();
});

test('a board that goes on out of sight says so, until its end is reached', async () => {
  await page.setViewportSize({ width: 800, height: 800 });
  await open('/matters?closed=true');
  const board = page.locator('.board');
  await page.locator('.column').nth(5).waitFor();
  await page.waitForFunction(() => document.querySelector('.board').dataset.more?.includes('right'));
  assert.match(await board.evaluate((each) => getComputedStyle(each).maskImage), /gradient/);
  await shot(page, 'board-more-laptop-zh');
  await board.evaluate((each) => each.scrollTo({ left: each.scrollWidth }));
  await page.waitForFunction(() => document.querySelector('.board').dataset.more === 'left');
  await page.setViewportSize(WIDTHS.laptop);
});

test('on a narrow screen the header is two short lines, and tabs that go on out of sight say so', async () => {
  for (const language of ['zh-CN', 'en']) {
    const phone = await browser.page({ width: 'phone', language });
    await browser.signIn(phone);
    await open('/administration/users', phone);
    const heights = await phone.evaluate(() =>
      ['.side', '.top'].map((part) => document.querySelector(part).getBoundingClientRect().height),
    );
    assert.ok(heights[0] + heights[1] <= 112, `${language}: ${heights}`);
    await phone.locator('.account summary').click();
    await phone.locator('.choices').getByText(/./).first().waitFor();
    const box = await phone.locator('.choices').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= WIDTHS.phone.width, JSON.stringify(box));
    await phone.keyboard.press('Escape');
    await phone.waitForFunction(() => document.querySelector('.tabs').dataset.more?.includes('right'));
    await shot(phone, `header-phone-${language}`);
    await phone.context().close();
  }
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
