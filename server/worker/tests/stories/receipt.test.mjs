/** A resident's receipt: given at the door without a network, asked without an account, answered once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { enrol, Handset, keptForOffline, recordsOf, Server, shot, syncs, until, usable } from './harness.mjs';
import { found } from './town.mjs';

let server, handset, page, resident, number, matter;

before(async () => {
  server = await Server.start();
  const town = await found(server);
  const { version, kinds } = await server.call('GET', '/v1/catalogue');
  const shown = kinds.map((kind) => ({ ...kind, receipt: kind.label.zh === '路灯损坏' }));
  await server.call('POST', '/v1/catalogue', { version: version + 1, kinds: shown });
  handset = new Handset();
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
  await keptForOffline(page);
  await syncs(handset, page);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

async function report(kind, summary) {
  await handset.open(page, 'new/matter');
  await page.getByLabel('事项类别').fill(kind);
  await page.getByLabel('简述').fill(summary);
  await page.getByLabel('反映人', { exact: true }).fill('王小明');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('heading', { name: summary }).waitFor();
}

/** What a code on the screen says, by a decoder as cameras have it. */
async function scanned(locator) {
  const wasmBinary = readFileSync(fileURLToPath(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')));
  prepareZXingModule({ overrides: { wasmBinary } });
  const [code] = await readBarcodes(new Blob([await locator.screenshot()]), { formats: ['QRCode'] });
  return code?.text;
}

test('a matter that is taken down without a network has its receipt at once; a kind that must not show has none', async () => {
  await handset.loseSignal();
  await report('噪音扰民', '楼上装修');
  assert.equal(await page.locator('[data-receipt]').count(), 0);
  await report('路灯损坏', '6号楼前路灯不亮');
  const card = page.locator('[data-receipt]');
  await card.waitFor();
  number = await card.locator('.number').innerText();
  assert.match(number, /^(\d{4} ){4}\d{4}$/);
  await usable(page, 'receipt');
  assert.equal(await scanned(card.locator('img')), `${server.url}/r/#${number.replaceAll(' ', '')}`);
  await card.scrollIntoViewIfNeeded();
  await shot(page, 'receipt');
});

test('the resident asks by it without an account, once it is at the server', async () => {
  resident = await handset.context.newPage();
  await handset.findSignal();
  await syncs(handset, page);
  matter = await until('the matter is at the server', async () =>
    (await recordsOf(server, 'matter')).find(({ title }) => title === '6号楼前路灯不亮'),
  );
  await resident.goto(`${server.url}/r/?lang=zh`);
  // As it was copied down, with signs between and in full width.
  await resident.getByLabel('回执号').fill(number.replaceAll(' ', '－'));
  await resident.getByRole('button', { name: '查询' }).click();
  await resident.locator('#status').getByText('已上报').waitFor();
  const told = await resident.locator('main').innerText();
  for (const personal of ['王小明', '6号楼', '李网格员', '路灯'])
    assert.ok(!told.includes(personal), `${personal} is shown`);
  await usable(resident, 'receipt page');
  await shot(resident, 'receipt-page');
});

test('once it was replied to they read the reply, say how satisfied they are and ask once to take it up again', async () => {
  const { record_id: record } = matter;
  await server.call('PATCH', `/v1/records/${record}`, { fields: { reply: '灯泡已换新' } });
  for (const action of ['accept', 'handle', 'reply', 'close'])
    await server.call('POST', `/v1/records/${record}/transitions`, { action, note: '' });
  // By the code: the number goes to no server in an address, and does not stay in this browser's list.
  const asked = [];
  resident.on('request', (request) => asked.push(request.url()));
  await resident.goto('about:blank');
  await resident.goto(`${server.url}/r/?lang=zh#${number.replaceAll(' ', '')}`);
  await resident.locator('#reply').getByText('灯泡已换新').waitFor();
  assert.ok(asked.every((url) => !url.includes(number.replaceAll(' ', ''))));
  assert.equal(new URL(resident.url()).hash, '');
  await resident.getByRole('button', { name: '提交满意度' }).click();
  await resident.getByText('请先选一项').waitFor();
  await resident.getByLabel('不满意', { exact: true }).check();
  await resident.getByRole('button', { name: '提交满意度' }).click();
  await resident.getByText('满意度已经收到').waitFor();
  await resident.getByLabel('哪里没有办好').fill('晚上又不亮了');
  await resident.getByRole('button', { name: '要求重新办理' }).click();
  await resident.getByText('重新办理的要求已经收到').waitFor();
  await resident.locator('#status').getByText('已重开').waitFor();
  assert.equal(await resident.getByRole('button', { name: '要求重新办理' }).count(), 0);
  await usable(resident, 'answered receipt');
  await shot(resident, 'receipt-answered');
});

test('the worker sees on the phone what the resident said, and by whom it was said', async () => {
  await resident.close();
  await page.bringToFront();
  await syncs(handset, page);
  await handset.open(page, `record/${matter.record_id}`);
  await page.getByText('晚上又不亮了').first().waitFor();
  await page.getByText('不满意').first().waitFor();
  await handset.open(page, `history/${matter.record_id}`);
  await page.getByText('居民（凭回执）').first().waitFor();
  await shot(page, 'receipt-history');
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(handset.complaints, []);
  assert.deepEqual(handset.elsewhere, []);
});
