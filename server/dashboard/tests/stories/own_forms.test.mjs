/** What an organisation's own forms have, in which no name is that of a built-in form: the overview, a board, due lists, dispatch, the map. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

const DAY_MS = 86_400_000;
const at = (days) => new Date(Date.now() + days * DAY_MS).toISOString();
const named = (zh, en) => ({ label: { zh, en } });
const field = (key, zh, type, means, more = {}) => ({ key, ...named(zh, key), type, ...(means && { means }), ...more });
const status = (key, zh, rank, more = {}) => ({ key, ...named(zh, key), rank, ...more });
const step = (action, zh, from, to, more = {}) => ({
  action,
  ...named(zh, action),
  from,
  to,
  roles: ['worker', 'supervisor', 'admin'],
  ...more,
});

const FORMS = [
  {
    code: 'repair',
    version: 1,
    ...named('报修', 'Repair'),
    class: 'general',
    means: 'matter',
    title: 'what',
    fields: [
      field('what', '坏了什么', 'text', undefined, { required: true }),
      field('wanted_by', '希望修好', 'date_time', 'due'),
      field('mechanic', '师傅', 'text', 'doer'),
      field('noticed', '发现时间', 'date_time', 'happened'),
      field('spot', '在哪里', 'geopoint', 'place'),
      field('answer', '回话', 'long_text', 'reply'),
    ],
    lifecycle: {
      initial: 'called_in',
      statuses: [
        status('called_in', '已报修', 10),
        status('sent', '已派师傅', 20),
        status('mended', '已修好', 30, { done: true }),
        status('told', '已回话', 40, { done: true }),
        status('settled', '已了结', 50, { closed: true }),
      ],
      transitions: [
        step('send', '派师傅', ['called_in'], 'sent', { means: 'dispatch' }),
        step('mend', '修好', ['called_in', 'sent'], 'mended'),
        step('tell', '回话', ['mended'], 'told', { needs: ['answer'] }),
        step('settle', '了结', ['mended', 'told'], 'settled'),
      ],
    },
  },
  {
    code: 'errand',
    version: 1,
    ...named('差事', 'Errand'),
    class: 'general',
    means: 'task',
    title: 'name',
    fields: [
      field('name', '差事', 'text', undefined, { required: true }),
      field('who', '谁去', 'text', 'doer'),
      field('boss', '谁派的', 'text', 'issuer'),
      field('until', '最晚', 'date_time', 'due'),
      field('for', '为了', 'reference', 'about', { form: 'repair' }),
      field('words', '说明', 'long_text', 'details'),
    ],
    lifecycle: {
      initial: 'given',
      statuses: [
        status('given', '已交代', 10),
        status('taken', '已接', 20),
        status('over', '已了', 30, { done: true }),
        status('seen', '已看过', 40, { closed: true }),
      ],
      transitions: [
        step('take', '接', ['given'], 'taken'),
        step('end', '办了', ['taken'], 'over'),
        step('look', '看过', ['over'], 'seen'),
      ],
    },
  },
];

let server, browser, page, town, late;

async function add(form, fields, grid = AREA.one) {
  const { record } = await server.call('POST', '/v1/records', { grid, form, fields });
  return record.record_id;
}
const take = (id, action) => server.call('POST', `/v1/records/${id}/transitions`, { action });

before(async () => {
  server = await Server.start();
  town = await found(server);
  for (const form of FORMS) await server.call('POST', '/v1/forms', form);
  const repair = (what, due, more = {}) => ({ what, wanted_by: due, mechanic: '老马', noticed: at(-3), ...more });
  late = await add('repair', repair('水管漏水', at(-1), { spot: { lat: 39.14, lon: 117.21 } }));
  await add('repair', repair('路灯不亮', at(2)));
  const done = await add('repair', repair('门锁坏了', at(-1)));
  await take(done, 'mend');
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const open = async (path) => {
  await page.goto(server.url + path);
  await ready(page);
};
const button = (name) => page.getByRole('button', { name });
const column = (name) => page.getByRole('region', { name });

test('the overview counts own forms, and its number leads to what is overdue', async () => {
  await open('/');
  await page.getByRole('link', { name: /未办结事项\s*3/ }).waitFor();
  await page.getByRole('link', { name: /超期事项\s*1/ }).click();
  await page.waitForURL('**/matters?overdue=captured');
  await column('已报修').getByText('水管漏水').waitFor();
  assert.equal(await page.locator('.board article').count(), 1);
});

test('their board has the columns of their own statuses, with doer and deadline', async () => {
  await open('/matters');
  await column('已回话').waitFor();
  const headings = await page.locator('.board h2').allInnerTexts();
  assert.deepEqual(
    headings.map((h) => h.trim()),
    ['已报修：2 项', '已派师傅：0 项', '已修好：1 项', '已回话：0 项'],
  );
  const card = column('已报修').getByRole('article').filter({ hasText: '水管漏水' });
  assert.match(await card.innerText(), /老马[\s\S]*已超期/);
  const done = column('已修好').getByRole('article');
  assert.doesNotMatch(await done.innerText(), /超期/, 'what is done is late for nobody');
  await shot(page, 'own-forms-board-laptop-zh');
  await accessible(page, 'the board of an own form');
  await open('/matters?as=list');
  await page
    .getByRole('columnheader', { name: '师傅' })
    .or(page.getByRole('columnheader', { name: '承办人' }))
    .waitFor();
  assert.equal(await page.locator('tbody tr').count(), 3);
});

test('one of them is dispatched as a task of an own form, which waits to be acknowledged', async () => {
  const [{ name }] = town.workers;
  await open(`/records/${late}`);
  await button('派遣').click();
  const dialog = page.getByRole('dialog', { name: '派遣给人办理' });
  await dialog.getByText('差事').first().waitFor();
  await dialog.getByLabel('任务名称').fill('去修水管');
  await dialog.getByRole('combobox', { name: '执行人' }).fill(name);
  await page.getByRole('option', { name }).click();
  const due = dialog.getByRole('combobox', { name: '完成时限' });
  await due.fill('2099-01-02 09:00:00');
  await due.press('Enter');
  await page.getByRole('dialog', { name: '完成时限' }).waitFor({ state: 'hidden' });
  await dialog.getByLabel('任务内容').fill('带上扳手');
  await dialog.getByRole('button', { name: '派遣' }).click();
  await dialog.waitFor({ state: 'detached' });
  const repair = await server.call('GET', `/v1/records/${late}`);
  assert.deepEqual([repair.status, repair.fields.mechanic], ['sent', name]);
  const { records } = await server.call('GET', '/v1/records?unacknowledged=true&fields=who,boss,for,words');
  assert.equal(records.length, 1);
  assert.equal(records[0].form, 'errand');
  assert.deepEqual(records[0].fields, { who: name, boss: '王主管', for: late, words: '带上扳手' });
  await page.getByRole('region', { name: '关联的任务' }).getByText('去修水管').waitFor();
  await open('/tasks');
  const card = column('已交代').getByRole('article');
  assert.match(await card.innerText(), /去修水管[\s\S]*等待签收/);
  await take(records[0].record_id, 'take');
  await column('已接').getByText('去修水管').waitFor();
  assert.doesNotMatch(await column('已接').innerText(), /等待签收/);
});

test('what is done is closed with a reply by the steps that its form has', async () => {
  await open('/matters');
  await column('已修好').getByRole('checkbox').check();
  await page.getByRole('region', { name: '批量操作' }).getByRole('button', { name: '答复并结案' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('锁换好了');
  await dialog.getByRole('button', { name: '答复并结案' }).click();
  await page.getByText('1 项完成').waitFor();
  const { records } = await server.call(
    'GET',
    '/v1/records?form=repair&closed_from=2020-01-01T00:00:00Z&fields=answer',
  );
  assert.deepEqual(
    records.map((r) => [r.title, r.status, r.fields.answer]),
    [['门锁坏了', 'settled', '锁换好了']],
  );
});

test('they lie on the map, and a number of the overview lists them among others', async () => {
  await open('/map?form=repair');
  await page.waitForFunction(() =>
    /地图内 1/.test(document.querySelector('.row.apart [role=status]')?.textContent ?? ''),
  );
  await open('/records?means=matter&happened_from=2020-01-01T00:00:00Z');
  await button(/^事项 ✕$/).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 3);
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
