/** The stories of whoever administers, and of a matter to its end: the real server, real phones, a town of their own. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { AREA, found, PASSWORD } from './town.mjs';

const NEW_GRID = '990101001001003';
let server, browser, town, page;

before(async () => {
  server = await Server.start();
  town = await found(server);
  browser = await Browser.start(server);
  page = await browser.page();
  await browser.signIn(page);
});
after(async () => {
  for (const worker of town?.workers ?? []) worker.phone.end();
  await browser?.end();
  await server?.end();
});

const button = (name) => page.getByRole('button', { name });
const dialog = (name) => page.getByRole('dialog', name ? { name } : {});
async function open(path) {
  await page.goto(server.url + path);
  await ready(page);
}
/** Takes a step of the record that is open, with a reason when one is given. */
async function take(step, reason, act = step) {
  await page.getByRole('button', { name: step, exact: true }).click();
  if (reason) await dialog().getByRole('textbox').fill(reason);
  await dialog().getByRole('button', { name: act, exact: true }).click();
  await dialog().waitFor({ state: 'detached' });
}
const statusOf = async (record) => (await server.call('GET', `/v1/records/${record}`)).status;

test('areas are imported: first what would be done is told, then it is done', async () => {
  await open(`/administration/areas?in=${AREA.community}`);
  await button('导入区域').click();
  const csv = `code,parent,备注,name,level\n${NEW_GRID},${AREA.community},新建,第三网格,grid\n990101001001004,没有这个上级,,第四网格,grid\n`;
  await dialog()
    .locator('input[type=file]')
    .setInputFiles({ name: 'areas.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await dialog()
    .getByText(/新增 1，.*不收 1/)
    .waitFor();
  await dialog()
    .getByText(/第 3 行/)
    .waitFor();
  // How the file is read, before anything is written: words, and what is passed over.
  const beginning = dialog().getByRole('region', { name: /文件的前几行/ });
  await beginning.getByRole('row', { name: /2 .*新建 第三网格/ }).waitFor();
  assert.match(await beginning.getByRole('columnheader', { name: /备注/ }).innerText(), /不用/);
  assert.doesNotMatch(await beginning.getByRole('columnheader', { name: /name/ }).innerText(), /不用/);
  await accessible(page, 'importing areas');
  assert.equal((await server.call('GET', `/v1/areas?parent=${AREA.community}`)).areas.length, 2);
  await button('写入').click();
  await dialog().waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /第三网格/ }).waitFor();
  assert.equal((await server.call('GET', `/v1/areas/${NEW_GRID}`)).name, '第三网格');
});

test('an import is taken back, and what it made is retired', async () => {
  await open(`/administration/areas?in=${AREA.community}`);
  await button('导入区域').click();
  const csv = `code,parent,name,level\n990101001001005,${AREA.community},误建网格,grid\n`;
  await dialog()
    .locator('input[type=file]')
    .setInputFiles({ name: 'areas.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await button('写入').click();
  await dialog().waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /误建网格/ }).waitFor();
  await button('导入历史').click();
  const row = dialog('导入历史')
    .getByRole('row', { name: /区域（CSV 文件）/ })
    .first();
  await row.getByText('新增 1，修改 0，未接受 0').waitFor();
  await accessible(page, 'what was imported');
  await row.getByRole('button', { name: '撤回: 区域' }).click();
  await page.getByText('停用或恢复原样 1 个区域').waitFor();
  await page.getByRole('button', { name: '撤回', exact: true }).click();
  await row.getByText(/已撤回于/).waitFor();
  assert.ok((await server.call('GET', '/v1/areas/990101001001005')).retired_at);
  await page.keyboard.press('Escape');
  await dialog('导入历史').waitFor({ state: 'detached' });
});

test('a boundary is drawn on a map that starts where the neighbours are', async () => {
  await button('编辑“第三网格”').click();
  // On a map of the country the scale would be of hundreds of kilometres.
  await page.waitForFunction(() =>
    /^\d\skm$|^\d+\sm$/.test(document.querySelector('.maplibregl-ctrl-scale')?.textContent ?? ''),
  );
  await button('圈定范围').click();
  await page.fill('#corners', '117.26,39.12\n117.29,39.12\n39.17,117.29');
  await dialog()
    .getByText(/第 3 行的经度和纬度可能写反了/)
    .waitFor();
  assert.ok(await button('完成').isDisabled());
  await page.fill('#corners', '117.26,39.12\n117.29,39.12\n117.29,39.17');
  await button('完成').click();
  await shot(page, 'boundary-laptop-zh');
  await accessible(page, 'drawing a boundary');
  await dialog().getByRole('button', { name: '保存' }).click();
  await page
    .getByRole('row', { name: /第三网格/ })
    .getByText('已画')
    .waitFor();
  const { features } = await server.call('GET', `/v1/areas/boundaries?area=${NEW_GRID}`);
  assert.deepEqual(features[0].geometry.coordinates, [
    [
      [117.26, 39.12],
      [117.29, 39.12],
      [117.29, 39.17],
      [117.26, 39.12],
    ],
  ]);
});

test('a grant says who may do what where before it is given', async () => {
  const { user_id: user, name } = town.workers[1];
  await open('/administration/users');
  await page
    .getByRole('row', { name: new RegExp(name) })
    .getByRole('button', { name: '授权' })
    .click();
  await button('授予').click();
  await dialog().getByText('请选择角色').last().waitFor();
  assert.equal((await server.call('GET', `/v1/grants?user_id=${user}`)).grants.length, 1);
  await dialog().getByRole('combobox', { name: '角色' }).press('Enter');
  await page.getByRole('option', { name: /网格员/ }).click();
  await dialog().getByRole('combobox', { name: '区域' }).fill('第三');
  await page.getByRole('option', { name: /和平社区 \/ 第三网格/ }).click();
  await dialog().getByText(`将授予“${name}”：网格员，示范街道 / 和平社区 / 第三网格，自现在起长期有效`).waitFor();
  await accessible(page, 'granting');
  await button('授予').click();
  await page.getByText(`已给“${name}”授权`).waitFor();
  const { grants } = await server.call('GET', `/v1/grants?user_id=${user}`);
  assert.deepEqual(grants.map((g) => g.area).sort(), [AREA.one, NEW_GRID]);
  await page.keyboard.press('Escape');
});

test('an area that is no longer used is retired, is offered for nothing new, and is used again', async () => {
  await open(`/administration/areas?in=${AREA.community}`);
  await button('停用“第三网格”').click();
  await dialog('停用：第三网格')
    .getByText(/已有的记录照常查看和办理/)
    .waitFor();
  await accessible(page, 'retiring an area');
  await dialog().getByRole('button', { name: '停用', exact: true }).click();
  await page.getByRole('row', { name: /第三网格 已停用/ }).waitFor();
  assert.equal((await server.call('GET', `/v1/areas/${NEW_GRID}`)).retired, true);
  await open('/records/new?form=matter');
  const offered = async () => {
    await page.getByRole('combobox', { name: '网格' }).fill('第');
    await page.getByRole('option', { name: /第一网格/ }).waitFor();
    return page.getByRole('option', { name: /第三网格/ }).count();
  };
  assert.equal(await offered(), 0);
  await open(`/administration/areas?in=${AREA.community}`);
  await button('重新启用“第三网格”').click();
  await dialog().getByRole('button', { name: '重新启用', exact: true }).click();
  await button('停用“第三网格”').waitFor();
  await open('/records/new?form=matter');
  assert.equal(await offered(), 1);
});

test('a form that is no longer used is retired, and is offered for nothing new', async () => {
  await open('/administration/forms?form=meeting');
  await button('停用这种表单').click();
  await dialog().getByRole('button', { name: '停用这种表单' }).click();
  await page.getByRole('heading', { name: /已停用/ }).waitFor();
  assert.ok((await server.call('GET', '/v1/forms')).retired.meeting);
  await button('＋ 新记录').click();
  const offered = (form) => page.locator(`a[href*="/records/new?form=${form}"]`);
  await offered('matter').waitFor();
  assert.equal(await offered('meeting').count(), 0);
  await open('/administration/forms?form=meeting');
  await button('重新启用这种表单').click();
  await dialog().getByRole('button', { name: '重新启用这种表单' }).click();
  await button('停用这种表单').waitFor();
});

test('a second person of one name is asked about before there are two', async () => {
  const name = '郑晓明';
  await server.call('POST', '/v1/users', { name });
  const known = async () =>
    (await server.call('GET', `/v1/users?name=${encodeURIComponent(name)}`)).users.filter((u) => u.name === name)
      .length;
  const before = await known();
  await open('/administration/users');
  await button('新增人员').click();
  await dialog('新增人员').getByRole('textbox', { name: '姓名' }).fill(name);
  await dialog('新增人员').getByRole('button', { name: '保存' }).click();
  await page.getByText(`已经有一位叫“${name}”的用户`).waitFor();
  await accessible(page, 'asking about a namesake');
  await page.getByRole('button', { name: '返回' }).click();
  assert.equal(await known(), before);
  await dialog('新增人员').getByRole('button', { name: '保存' }).click();
  await button('新增另一位').click();
  await page.getByText('已保存').waitFor();
  assert.equal(await known(), before + 1);
  // What was asked about is an answer that a browser notes.
  browser.forgive(/status of 409/);
});

test('a form is published and phones get it', async () => {
  await open('/administration/forms?form=meeting');
  const { version } = (await server.call('GET', '/v1/forms')).forms.find((f) => f.code === 'meeting');
  await button('起草新版本').click();
  const text = page.locator('#definition');
  await text.fill('{ "code": ');
  await page.getByText('有 1 处要改，才能发布').waitFor();
  const next = (await server.call('GET', '/v1/forms')).forms.find((f) => f.code === 'meeting');
  next.version = version + 1;
  next.label.zh = '居民会议';
  await text.fill(JSON.stringify(next));
  await page.getByRole('img', { name: /居民会议/ }).waitFor();
  await button(`发布版本 ${version + 1}`).click();
  await dialog()
    .getByRole('button', { name: `发布版本 ${version + 1}` })
    .click();
  await page.getByText(`已发布版本 ${version + 1}`).waitFor();
  const published = await server.call('GET', `/v1/forms/meeting/${version + 1}`);
  assert.equal(published.label.zh, '居民会议');
});

test('the catalogue tells a wrong deadline, gives up a row, and is published', async () => {
  const before = await server.call('GET', '/v1/catalogue');
  const publish = `发布第 ${before.version + 1} 版`;
  await open('/administration/catalogue');
  assert.doesNotMatch(await page.locator('h1').innerText(), /第 0 版/);
  await button('起草新版本').click();
  const rows = page.locator('tbody tr');
  if (before.kinds.length > 0) await button('新增事项类别').click();
  const row = rows.nth(before.kinds.length);
  await row.getByRole('textbox', { name: '编码' }).fill('flooded_gully');
  await row.getByRole('textbox', { name: '中文名' }).fill('雨水口积水');
  await row.getByRole('textbox', { name: '英文名' }).fill('Flooded gully');
  await row.getByRole('textbox', { name: '责任部门' }).fill('市政');
  await row.getByRole('textbox', { name: '办理时限（小时）' }).fill('-5');
  await row.getByText('办理时限要是 1 到').waitFor();
  await button(publish).click();
  assert.equal(await dialog().count(), 0);
  await row.getByRole('textbox', { name: '办理时限（小时）' }).fill('48');
  await button('新增事项类别').click();
  await rows
    .nth(before.kinds.length + 1)
    .getByRole('button', { name: '移除' })
    .click();
  assert.equal(await rows.count(), before.kinds.length + 1);
  await accessible(page, 'writing the catalogue');
  await button(publish).click();
  await dialog().getByRole('button', { name: publish }).click();
  await page.getByText(`已发布第 ${before.version + 1} 版`).waitFor();
  const { kinds } = await server.call('GET', '/v1/catalogue');
  assert.deepEqual(kinds.at(-1), {
    code: 'flooded_gully',
    label: { zh: '雨水口积水', en: 'Flooded gully' },
    department: '市政',
    deadline_hours: 48,
  });
  assert.deepEqual(kinds.slice(0, -1), before.kinds);
});

test('a matter is escalated, handled, closed with a reply and reopened', async () => {
  const [{ phone }] = town.workers;
  const { record } = await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  await open(`/records/${record}`);
  await take('上提', '需要街道协调');
  assert.equal(await statusOf(record), 'escalated');
  await take('处置完成');
  assert.equal(await statusOf(record), 'handled');
  await open('/matters?as=list');
  await page.getByRole('checkbox', { name: '选择已显示的全部' }).check();
  await button('答复并结案').click();
  await dialog().getByRole('textbox').fill('已疏通，请放心');
  await dialog().getByRole('button', { name: '答复并结案' }).click();
  await page.getByText('1 项完成').waitFor();
  const closed = await server.call('GET', `/v1/records/${record}`);
  assert.deepEqual([closed.status, closed.fields.reply], ['closed', '已疏通，请放心']);
  await open(`/records/${record}`);
  await take('重开', '又堵了');
  assert.equal(await statusOf(record), 'reopened');
  const { entries } = await server.call('GET', `/v1/records/${record}/history`);
  const notes = entries
    .flatMap((e) => e.operations)
    .filter((op) => op.op === 'transition')
    .map((op) => op.note ?? '');
  assert.ok(notes.includes('需要街道协调') && notes.includes('又堵了'), JSON.stringify(notes));
});

test('the open work of somebody who leaves is handed to another, who then has it', async () => {
  const [one, two] = town.workers;
  const made = await server.call('POST', '/v1/records', {
    grid: AREA.one,
    form: 'task',
    fields: { title: '清点应急物资', doer: one.user_id, due_at: '2099-01-01T00:00:00Z' },
  });
  await open('/administration/users');
  const people = page.getByRole('row', { name: new RegExp(one.name) });
  await people.getByRole('button', { name: '授权' }).click();
  const work = dialog().getByRole('region', { name: '手里的工作' });
  await work.getByText(/手里有 \d+ 条未办结/).waitFor();
  assert.ok(await work.getByRole('button', { name: '移交' }).isDisabled());
  await work.getByRole('combobox', { name: '移交给谁' }).fill(two.name);
  await page.getByRole('option', { name: two.name }).click();
  await work.getByText(new RegExp(`条会交给 ${two.name}`)).waitFor();
  await shot(page, 'hand-over-laptop-zh');
  await accessible(page, 'handing over work');
  await work.getByRole('button', { name: '移交' }).click();
  await page.getByText(new RegExp(`条移交给 ${two.name}`)).waitFor();
  await work.getByText(/没有未办结的工作/).waitFor();
  const task = await server.call('GET', `/v1/records/${made.record.record_id}`);
  assert.equal(task.assignee_id, two.user_id);
  assert.equal(task.assignee, two.name);
  await page.keyboard.press('Escape');
});

test('a matter that is returned shows the task that is still open, and the task is cancelled', async () => {
  const [{ phone, name }] = town.workers;
  const { record } = await phone.do('capture', { form: 'matter' });
  await phone.do('sync');
  await server.call('POST', `/v1/records/${record}/transitions`, { action: 'accept', note: '' });
  await server.call('POST', '/v1/records', {
    grid: AREA.one,
    form: 'task',
    fields: {
      title: '查看井盖',
      doer: name,
      issuer: 'admin',
      due_at: '2099-01-01T00:00:00Z',
      priority: 'normal',
      matter: record,
    },
  });
  await open(`/records/${record}`);
  await page.getByRole('region', { name: '关联的任务' }).getByText('已下达').waitFor();
  await take('退回', '地址不清');
  await page.getByText('这件事项已退回，但还有 1 个任务没有完成').waitFor();
  await shot(page, 'matter-with-task-laptop-zh');
  await accessible(page, 'a matter with an open task');
  await page
    .getByRole('region', { name: '关联的任务' })
    .getByRole('listitem')
    .getByRole('link', { name: '查看井盖' })
    .click();
  await page.getByRole('heading', { name: '查看井盖', level: 1 }).waitFor();
  await take('取消', '事项已退回', '取消任务');
  await page.getByText('已取消').first().waitFor();
  await open(`/records/${record}`);
  await page.getByRole('region', { name: '关联的任务' }).getByText('已取消').waitFor();
  assert.equal(await page.getByText('个任务没有完成').count(), 0);
});

test('a record is erased for good, with the reason kept', async () => {
  const [{ phone }] = town.workers;
  const { record } = await phone.do('capture', { form: 'visit' });
  await phone.do('sync');
  await open(`/records/${record}`);
  await button(/^彻底抹除/).click();
  await dialog().getByRole('textbox').fill('本人要求');
  await dialog().getByRole('button', { name: '彻底抹除' }).click();
  await page.waitForURL('**/administration/erasures');
  await page
    .getByRole('row', { name: /本人要求/ })
    .getByText(record)
    .waitFor();
  const answer = await fetch(`${server.url}/v1/records/${record}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  assert.equal(answer.status, 410);
});

test('how long a form is kept is set, and nothing else is taken for days', async () => {
  await open('/administration/erasures');
  const row = page.getByRole('row', { name: /^走访/ });
  await row.getByRole('button', { name: '修改期限: 走访' }).click();
  await row.getByRole('textbox', { name: '天数' }).fill('7');
  await row.getByRole('button', { name: '保存' }).click();
  await row.getByRole('alert').waitFor();
  await row.getByRole('textbox', { name: '天数' }).fill('365');
  await row.getByRole('button', { name: '保存' }).click();
  await row.getByText('最近一次修改后 365 天').waitFor();
  const { rules } = await server.call('GET', '/v1/retention');
  const { days, due } = rules.find((r) => r.form === 'visit');
  assert.deepEqual([days, due], [365, 0]);
  const other = page.getByRole('row', { name: /^事项/ });
  assert.match(await other.innerText(), /不限/);
  await open('/administration/erasures?past=visit');
  await accessible(page, 'records past their time');
});

test('an admin demands that its person alone opens a phone, others read who did, and it is taken back', async () => {
  const rule = () => server.call('GET', '/v1/phone-keys');
  const keys = (on = page) => on.getByRole('region', { name: '谁能打开手机上的应用' });
  const answer = (name) => page.getByRole('dialog').getByRole('button', { name, exact: true });
  await open('/administration/devices');
  await keys().getByText('由每个人自己决定').waitFor();
  await keys().getByRole('button', { name: '要求本人打开…' }).click();
  // What it does to phones is said before it is done.
  await dialog()
    .getByText(/下次同步时收到.*忘了口令/)
    .waitFor();
  await accessible(page, 'demanding that its person alone opens a phone');
  await answer('返回').click();
  assert.equal((await rule()).by_person, false);
  await keys().getByRole('button', { name: '要求本人打开…' }).click();
  await answer('要求本人打开').click();
  await keys().getByText('必须由本人打开').waitFor();
  const demanded = await rule();
  assert.equal(demanded.by_person, true);
  await keys().getByText(demanded.user_name).waitFor();
  assert.equal(await keys().locator('time').getAttribute('datetime'), demanded.changed_at);
  await shot(page, 'phone-keys-laptop-zh');
  const other = await browser.page();
  await browser.signIn(other, town.supervisor.login, PASSWORD);
  await other.goto(`${server.url}/administration/devices`);
  await keys(other).getByText(demanded.user_name).waitFor();
  assert.equal(await keys(other).getByRole('button').count(), 0);
  await other.context().close();
  await keys().getByRole('button', { name: '不再要求…' }).click();
  await answer('不再要求').click();
  await keys().getByText('由每个人自己决定').waitFor();
  assert.equal((await rule()).by_person, false);
});

test('a phone is wiped, and its receipt is shown', async () => {
  const lost = town.workers[2];
  await open('/administration/devices');
  const row = page.getByRole('row', { name: new RegExp(lost.name) });
  await row.getByRole('button', { name: `清除: ${lost.name}` }).click();
  // The question says whose phone it is.
  await dialog().getByText(lost.name).first().waitFor();
  await dialog().getByRole('button', { name: /清除/ }).click();
  await row.getByText('尚未确认清除').waitFor();
  await assert.rejects(lost.phone.do('sync'), /may no longer sync/);
  await open('/administration/devices');
  await row.getByText('手机已确认清除').waitFor();
  const { phones } = await server.call('GET', '/v1/phones');
  assert.ok(phones.find((p) => p.user_name === lost.name).wipe_receipt_at);
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
