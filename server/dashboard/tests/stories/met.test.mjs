/** What people met: two at one browser, many tabs, half a place, a house with one place for all, a long history. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page, household;
/** More tabs than a browser has connections for one host. */
const TABS = 8;
const IN_ONE_PLACE = 6;
const ENTRIES = 40;

before(async () => {
  server = await Server.start();
  town = await found(server);
  for (let n = 0; n < IN_ONE_PLACE; n += 1) {
    const fields = { address: `幸福里9号楼${n + 1}单元`, location: { lat: 39.13, lon: 117.21 } };
    const made = await server.call('POST', '/v1/records', { grid: AREA.one, form: 'household', fields });
    household = made.record_id ?? made.record.record_id;
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

const open = async (id) => {
  await page.goto(`${server.url}/records/${id}`);
  await ready(page);
};

test('a place is typed as it is typed, and half of it is refused with words', async () => {
  await open(household);
  await page.getByRole('button', { name: /编辑: .*位置/ }).click();
  const box = page.locator('form.edit input');
  await box.fill('');
  await box.pressSequentially('39.0842, 117.2009');
  assert.equal(await box.inputValue(), '39.0842, 117.2009');
  await box.fill('39.0842,');
  await page.locator('form.edit button[type=submit]').click();
  await page.getByRole('alert').getByText('请写完整的位置').waitFor();
  const { fields } = await server.call('GET', `/v1/records/${household}`);
  assert.deepEqual(fields.location, { lat: 39.13, lon: 117.21 });
});

test('records in one place of the map are listed where looking closer helps no more', async () => {
  await page.goto(`${server.url}/map?form=household`);
  await ready(page);
  const list = page.getByRole('heading', { name: `这里有 ${IN_ONE_PLACE} 条记录` });
  for (let n = 0; n < 8 && !(await list.isVisible()); n += 1) {
    const moved = page.waitForResponse((r) => r.url().includes('/v1/map') || r.url().includes('bbox='));
    await page.locator('.cluster').first().click();
    await moved;
    await page.waitForFunction(() => document.querySelector('.cluster'));
  }
  await list.waitFor();
  assert.equal(await page.locator('.place li').count(), IN_ONE_PLACE);
  await accessible(page, 'what lies in one place');
  await page.locator('section', { has: list }).getByRole('link', { name: '在列表中看' }).click();
  await page.waitForURL(/\/records\?.*bbox=/);
  await page
    .locator('tbody tr')
    .nth(IN_ONE_PLACE - 1)
    .waitFor();
  assert.equal(await page.locator('tbody tr').count(), IN_ONE_PLACE);
});

/** How many points of the middle of the map are not of the commonest colour, which is the ground's. */
async function drawnInTheMiddle() {
  const picture = await page.locator('.map canvas').first().screenshot();
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const [width, height] = [Math.floor(image.width / 2), Math.floor(image.height / 2)];
    const { data } = context.getImageData(Math.floor(width / 2), Math.floor(height / 2), width, height);
    const counts = new Map();
    for (const colour of new Uint32Array(data.buffer)) counts.set(colour, (counts.get(colour) ?? 0) + 1);
    return width * height - Math.max(...counts.values());
  }, picture.toString('base64'));
}

test('far from any coast the map without a tile server shows provinces, and nearer cities', async () => {
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const [provinces, cities] = [/\/provinces-/, /\/cities-/];
  const settled = async (least) => {
    for (let tries = 0; tries < 100; tries += 1) {
      const drawn = await drawnInTheMiddle();
      if (drawn > least) return drawn;
      await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
    }
    return drawnInTheMiddle();
  };
  await page.goto(`${server.url}/map?form=meeting&bbox=95,25,117,38`);
  await ready(page);
  assert.ok((await settled(2_000)) > 2_000, 'borders and names of provinces');
  assert.ok(asked.some((path) => provinces.test(path)) && !asked.some((path) => cities.test(path)), String(asked));
  await shot(page, 'map-provinces-laptop-zh');
  await page.goto(`${server.url}/map?form=meeting&bbox=104,29,109,32`);
  await ready(page);
  assert.ok((await settled(2_000)) > 2_000, 'borders and names of cities');
  assert.ok(asked.some((path) => cities.test(path)));
  await shot(page, 'map-cities-laptop-zh');
});

test('forty entries of two people print on two pages', async () => {
  const [own, other] = [server.token, await server.signIn('wang', PASSWORD)];
  for (let n = 0; n < ENTRIES; n += 1) {
    server.token = n % 2 ? own : other;
    await server.call('PATCH', `/v1/records/${household}`, { fields: { address: `幸福里9号楼${n}室` } });
  }
  server.token = own;
  await open(household);
  assert.ok((await page.locator('.timeline > li').count()) >= ENTRIES);
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  assert.ok(pages >= 1 && pages <= 2, `${pages} pages`);
});

test('a page says that somebody else signed in, and gives back what was typed', async () => {
  await open(household);
  await page.getByRole('button', { name: /编辑: .*地址/ }).click();
  const box = page.locator('form.edit input, form.edit textarea').first();
  await box.fill('写到一半');
  const tab = await page.context().newPage();
  async function change(login) {
    await tab.goto(server.url);
    await ready(tab);
    await tab.locator('.account summary').click();
    await tab.getByRole('button', { name: '退出', exact: true }).click();
    await tab.getByText('您已退出').waitFor();
    await browser.signIn(tab, login, PASSWORD);
  }
  await change('shen');
  await page.getByRole('heading', { name: '现在登录的是 审计甲' }).waitFor();
  await accessible(page, 'a page of somebody else');
  assert.equal(await box.isVisible(), false);
  await change('wang');
  await box.waitFor();
  assert.equal(await box.inputValue(), '写到一半');
  await page.locator('form.edit button[type=submit]').click();
  await page.getByText('已修改').waitFor();
  assert.equal((await server.call('GET', `/v1/records/${household}`)).fields.address, '写到一半');
  await tab.close();
  browser.forgive(/401/);
});

test('more tabs than connections load, and one line serves them all', async () => {
  for (let n = 1; n < TABS; n += 1) {
    const tab = await page.context().newPage();
    await tab.goto(`${server.url}/records`);
    await ready(tab);
    await tab.locator('.top .mark.good').waitFor();
  }
});
