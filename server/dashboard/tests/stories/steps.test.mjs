/** A matter that is suspended, given more time, taken back and urged: what a supervisor does besides moving it on. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

let server, browser, town, page, matter;

before(async () => {
  server = await Server.start();
  town = await found(server);
  const fields = { kind: '路灯', summary: '三号楼路灯不亮', reported_at: '2026-06-13T05:50:34Z' };
  const made = await server.call('POST', '/v1/records', { grid: AREA.one, form: 'matter', fields });
  matter = made.record.record_id;
  await server.call('PATCH', `/v1/records/${matter}`, { fields: { due_at: '2030-01-10T00:00:00Z' } });
  await step('accept');
  await step('dispatch');
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page, 'wang', PASSWORD);
  await page.goto(`${server.url}/records/${matter}`);
  await ready(page);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const step = (action, note = '说明') => server.call('POST', `/v1/records/${matter}/transitions`, { action, note });
const now = () => server.call('GET', `/v1/records/${matter}`);
const offered = (group, name) => page.getByRole('region', { name: group }).getByRole('button', { name, exact: true });
/** Takes a step on the page, with words where some are given. */
async function take(group, name, words = '') {
  await offered(group, name).click();
  const dialog = page.getByRole('dialog');
  if (words) await dialog.getByLabel('说明').fill(words);
  await dialog.getByRole('button', { name, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await ready(page);
}

test('what is suspended says since when, and that it goes on where it stood', async () => {
  await offered('下一步', '挂起').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('做完后状态变为“已挂起”。').waitFor();
  await dialog.getByRole('button', { name: '挂起', exact: true }).click();
  await dialog.locator('.el-form-item__error').waitFor();
  await accessible(page, 'a step that needs words');
  await dialog.getByLabel('说明').fill('等配件');
  await dialog.getByRole('button', { name: '挂起', exact: true }).click();
  await page.getByText(/已挂起，自 .+；期间不计时/).waitFor();
  await accessible(page, 'a matter that stands suspended');
  await shot(page, 'suspended-laptop-zh');
  await take('下一步', '恢复办理');
  await page.getByText(/曾挂起 .+，不计入办理时限/).waitFor();
  const body = await now();
  assert.equal(body.status, 'dispatched');
  assert.ok(body.suspended_ms > 0);
});

test('more time is granted where somebody asked for it, and nowhere else', async () => {
  assert.equal(await offered('另可', '同意延期').count(), 0);
  await server.call('PATCH', `/v1/records/${matter}`, { fields: { asked_due: '2030-02-01T00:00:00Z' } });
  await step('ask_extension');
  await page.reload();
  await ready(page);
  await page.getByText(/申请延期：.+/).waitFor();
  await take('另可', '同意延期');
  const body = await now();
  assert.equal(body.fields.due_at, '2030-02-01T00:00:00.000Z');
  assert.equal(body.status, 'dispatched');
});

test('what was done by mistake is taken back by whoever did it', async () => {
  await take('下一步', '处置完成');
  assert.equal((await now()).status, 'handled');
  await offered('另可', '撤回').click();
  await page.getByRole('dialog').getByText('做完后状态变为“已派遣”。').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: '撤回', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.equal((await now()).status, 'dispatched');
});

test('what is urged and followed is found by it', async () => {
  await page.reload();
  await ready(page);
  await take('另可', '催办', '快一点');
  await take('另可', '关注');
  await page.getByText(/催办：王主管，/).waitFor();
  assert.equal(await offered('另可', '关注').count(), 0);
  await offered('另可', '取消关注').waitFor();
  await page.goto(`${server.url}/records?form=matter&step=urge`);
  await ready(page);
  await page.getByRole('link', { name: '三号楼路灯不亮' }).waitFor();
  await accessible(page, 'a list of what was urged');
  await page.getByText('由我催办、关注等').click();
  await page.waitForURL(/step_by=/);
  await page.getByRole('link', { name: '三号楼路灯不亮' }).waitFor();
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
