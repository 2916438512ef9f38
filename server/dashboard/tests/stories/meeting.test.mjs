/** From a resident's wish to the answer on one page, and ready-made forms taken into use. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page, wish, meeting, task;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const add = async (form, fields) =>
    (await server.call('POST', '/v1/records', { grid: AREA.one, form, fields })).record.record_id;
  const step = (id, action) => server.call('POST', `/v1/records/${id}/transitions`, { action });
  wish = await add('matter', {
    kind: '电梯',
    summary: '六层老人下楼难，盼装电梯',
    reported_at: new Date().toISOString(),
    reply: '两周内完成入户调查并公示',
  });
  task = await add('task', { title: '入户调查加装电梯意愿', matter: wish });
  meeting = await add('meeting', { topic: '小院议事：加装电梯', wish, held_at: new Date().toISOString() });
  await step(meeting, 'hold');
  const decisions = [
    {
      key: 'd1',
      what: '先做入户调查',
      outcome: 'adopted',
      in_favour: 18,
      against: 2,
      dissent: '一层住户担心采光',
      task,
      reply: '两周内答复',
    },
    { key: 'd2', what: '费用由各层分摊', outcome: 'postponed' },
  ];
  await server.call('PATCH', `/v1/records/${meeting}`, { fields: { minutes: '到会二十人，逐户发言。', decisions } });
  await step(meeting, 'confirm');
  browser = await Browser.start(server);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

async function open(path) {
  await page.goto(server.url + path);
  await ready(page);
}

test('a wish shows the meeting about it, what was resolved, who was of another mind, the task and the answer', async () => {
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
  await open(`/records/${wish}`);
  const course = page.getByRole('region', { name: '从诉求到答复' });
  await course.getByText('六层老人下楼难，盼装电梯').waitFor();
  await course.getByText('纪要已确认').waitFor();
  const first = course.getByRole('listitem').filter({ hasText: '先做入户调查' }).last();
  await first.getByText('一层住户担心采光').waitFor();
  await first.getByRole('link', { name: '入户调查加装电梯意愿' }).waitFor();
  const second = course.getByRole('listitem').filter({ hasText: '费用由各层分摊' }).last();
  await second.getByText('还没有对应的任务').waitFor();
  await course.getByText('两周内完成入户调查并公示').waitFor();
  await accessible(page, 'from the wish to the answer');
  await shot(page, 'wish-course');
  // What hangs on the wall is the same.
  await page.emulateMedia({ media: 'print' });
  assert.ok(await course.isVisible());
  assert.ok(await first.getByText('一层住户担心采光').isVisible());
  await page.emulateMedia({ media: null });
});

test('the meeting itself says how far what it resolved is', async () => {
  await page.getByRole('link', { name: '小院议事：加装电梯' }).click();
  await page.waitForURL((url) => url.pathname.endsWith(meeting));
  const resolved = page.getByRole('region', { name: '决议' });
  await resolved.getByRole('link', { name: '入户调查加装电梯意愿' }).click();
  await page.waitForURL((url) => url.pathname.endsWith(task));
});

test('a ready-made form is taken into use together with what it refers to', async () => {
  const context = await browser.page();
  page = context;
  await browser.signIn(page);
  await open('/administration/forms');
  const offered = page.getByRole('region', { name: '现成的表单' });
  await offered.getByRole('button', { name: '启用“志愿服务”' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('将一并启用：志愿者').waitFor();
  await accessible(page, 'taking a form into use');
  await dialog.getByRole('button', { name: '启用', exact: true }).click();
  await page.waitForURL((url) => url.searchParams.get('form') === 'volunteering');
  await offered.getByRole('button', { name: '启用“志愿者”' }).waitFor({ state: 'detached' });
  const { forms } = await server.call('GET', '/v1/forms');
  const codes = forms.map((form) => form.code);
  assert.ok(codes.includes('volunteer') && codes.includes('volunteering') && !codes.includes('resource'));
});
