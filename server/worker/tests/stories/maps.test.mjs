/** The map of a worker's street: kept on the phone at a tap, drawn without a network with the grid's boundary. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { AREA, enrol, Handset, keptForOffline, Server, shot, until, usable } from './harness.mjs';
import { streetMap } from './streetMap.mjs';
import { found } from './town.mjs';

const WATER = [0xd3, 0xe1, 0xec];
const BOUNDARY = [0x1b, 0x5f, 0xa7];
let server, handset, page, maps;

before(async () => {
  server = await Server.start();
  const town = await found(server);
  // Smaller than what is in sight, so that its edge is.
  const corners = [
    [117.202, 39.1217],
    [117.204, 39.1217],
    [117.204, 39.1232],
    [117.202, 39.1232],
    [117.202, 39.1217],
  ];
  const boundary = { type: 'Polygon', coordinates: [corners] };
  await server.call('PUT', `/v1/areas/${AREA.one}`, {
    parent: AREA.community,
    name: '第一网格',
    level: 'grid',
    boundary,
  });
  maps = join(server.data, 'maps');
  mkdirSync(maps);
  writeFileSync(join(maps, `${AREA.street}.pmtiles`), streetMap());
  // Of a street in which this person does not work.
  writeFileSync(join(maps, '990101002.pmtiles'), streetMap());
  handset = new Handset({ draws: true });
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
  await keptForOffline(page);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

/** How much of the map has a colour, as a share of its points. */
async function share([red, green, blue]) {
  const picture = await page.locator('.map canvas').screenshot();
  return page.evaluate(
    async ([base64, wanted]) => {
      const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      let found = 0;
      for (let i = 0; i < data.length; i += 4)
        if (wanted.every((part, n) => Math.abs(part - data[i + n]) <= 3)) found += 1;
      return found / (data.length / 4);
    },
    [picture.toString('base64'), [red, green, blue]],
  );
}
const open = async () => {
  await handset.open(page, 'map');
  await page.locator('.map canvas').waitFor();
};
const card = () => page.getByRole('region', { name: '离线地图' });

test('the boundary of the grid is on the phone and drawn', async () => {
  await open();
  await until('the boundary is drawn', async () => (await share(BOUNDARY)) > 0.002);
  assert.ok((await share(WATER)) < 0.01, 'nothing of the map is here yet');
});

test('the map of the street is kept at a tap, and is there without a network', async () => {
  await card()
    .getByText(/^示范街道，0\.\d MB$/)
    .waitFor();
  assert.equal(await card().getByText('MB').count(), 1, 'of streets where nobody works none is offered');
  await card().getByRole('button', { name: '存到手机' }).click();
  await card().getByRole('button', { name: '从手机删除' }).waitFor();
  await until('it is drawn', async () => (await share(WATER)) > 0.3);
  await handset.loseSignal();
  await open();
  await until('it is drawn without a network', async () => (await share(WATER)) > 0.3);
  await until('and the boundary too', async () => (await share(BOUNDARY)) > 0.002);
  await shot(page, 'map-street');
  await usable(page, 'the map of a street');
  await handset.findSignal();
});

test('one that comes cut off leaves what was here, and a newer one takes its place', async () => {
  const file = join(maps, `${AREA.street}.pmtiles`);
  writeFileSync(file, Buffer.from('no map at all'));
  await open();
  await card().getByRole('button', { name: '换成新版' }).click();
  await card().getByText('地图没有取完整').waitFor();
  await until('the one before is drawn', async () => (await share(WATER)) > 0.3);
  writeFileSync(file, Buffer.concat([streetMap(), Buffer.alloc(64)]));
  await open();
  await card().getByRole('button', { name: '换成新版' }).click();
  await card().getByRole('button', { name: '换成新版' }).waitFor({ state: 'detached' });
  await card().getByRole('button', { name: '从手机删除' }).click();
  await card().getByRole('button', { name: '存到手机' }).waitFor();
  await until('nothing is drawn of it', async () => (await share(WATER)) < 0.01);
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual([handset.complaints, handset.elsewhere], [[], []]);
});
