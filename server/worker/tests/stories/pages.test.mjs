/** Every page in both languages: accessible, with large targets, on a narrow phone, with large text; a code that the camera sees. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { film } from './camera.mjs';
import { Handset, invite, keptForOffline, ready, Server, shot, SIZE, usable } from './harness.mjs';
import { found, work } from './town.mjs';

let server, handset, page, town, matter, task;

before(async () => {
  server = await Server.start();
  town = await found(server);
  ({ matter, task } = await work(server, town));
  const camera = join(server.dir, 'code.y4m');
  film((await invite(server, town.li.user_id)).qr, camera);
  handset = new Handset({ camera });
  page = await handset.start(server);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

test('enrolled by a code that the camera sees', async () => {
  await handset.open(page);
  await usable(page, 'enrol');
  await page.getByRole('button', { name: '扫描登记码' }).click();
  await page.getByText(/这台手机已登记/).waitFor();
  await usable(page, 'enrolled');
  await page.getByRole('button', { name: '开始使用' }).click();
  await page.getByText('李网格员').waitFor();
  await keptForOffline(page);
});

for (const language of ['zh-CN', 'en']) {
  test(`every page is whole and usable: ${language}`, async () => {
    const short = language === 'en' ? 'en' : 'zh';
    if (language === 'en') {
      await handset.open(page, 'me');
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('heading', { name: 'Me', exact: true }).waitFor();
      assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    }
    const pages = {
      today: '',
      search: 'search',
      map: 'map',
      planned: 'planned',
      new: 'new',
      visit: 'new/visit',
      matter: 'new/matter',
      meeting: 'new/meeting',
      household: `record/${town.households[0]}`,
      edit: `edit/${town.households[0]}`,
      work: `record/${matter}`,
      task: `record/${task}`,
      history: `history/${matter}`,
      refused: 'refused',
      me: 'me',
      carry: 'carry',
      move: 'move',
      diagnosis: 'diagnosis',
    };
    for (const [name, path] of Object.entries(pages)) {
      await handset.open(page, path);
      // How many of the records have a place, or that this browser draws no map, as some phones do not.
      if (name === 'map') await page.locator('main [role=status], .note.warn').first().waitFor();
      await shot(page, `${name}-${short}`);
      await usable(page, `${name}, ${language}`);
      await page.setViewportSize({ width: 320, height: 640 });
      // As the browser's setting for twice the text does.
      await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
      await shot(page, `${name}-${short}-large`);
      // What axe finds with large text it finds in either language; what is too wide is a matter of words.
      if (language === 'zh-CN') await usable(page, `${name} with large text at 320 px`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${name} with large text is ${over} pixels too wide`);
      await page.setViewportSize(SIZE);
    }
  });
}

test('sheets over a page are usable too', async () => {
  await handset.open(page, `record/${matter}`);
  await page.getByRole('button', { name: 'Escalate', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Say why').waitFor();
  await usable(page, 'step');
  await handset.open(page, 'new/visit');
  await page.getByRole('button', { name: 'Household' }).click();
  await page.getByRole('dialog').getByText('和平里3号楼2单元501').waitFor();
  await usable(page, 'reference');
});

test('nothing complained and nothing was asked for elsewhere', async () => {
  await ready(page);
  assert.deepEqual(handset.complaints, []);
  assert.deepEqual(handset.elsewhere, []);
});
