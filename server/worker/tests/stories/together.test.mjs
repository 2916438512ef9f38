/** Two phones on the same work, what the rules refuse, and the steps of work. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { enrol, Handset, ready, Server, shot, syncs, until } from './harness.mjs';
import { found, work } from './town.mjs';

let server, handset, page, town, colleague, theirs, matter, task;

before(async () => {
  server = await Server.start();
  town = await found(server);
  ({ matter, task } = await work(server, town));
  colleague = new Handset();
  theirs = await colleague.start(server);
  await enrol(colleague, theirs, town.zhao.user_id);
  handset = new Handset();
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
});
after(async () => {
  await colleague?.end();
  await handset?.end();
  await server?.end();
});

const sync = (phone = handset, at = page) => syncs(phone, at);
const save = (at = page) => at.getByRole('button', { name: '保存', exact: true }).click();

test('what is late, what is to be acknowledged and what is mine stand on Today', async () => {
  await sync();
  await page.locator('[data-list=overdue]').getByText('3号楼前路灯不亮').waitFor();
  await page.getByRole('button', { name: '签收：查看3号楼电箱' }).click();
  await page.locator('[data-list=acknowledge]').waitFor({ state: 'detached' });
  await page.locator('[data-list=mine]').getByText('查看3号楼电箱').waitFor();
  await until('the server knows', async () => {
    await page.getByRole('button', { name: /^同步/ }).click();
    return (await server.call('GET', `/v1/records/${task}`)).status === 'acknowledged';
  });
});

test('a step with a note, and a comment', async () => {
  await handset.open(page, `record/${matter}`);
  await page.getByRole('button', { name: '上提', exact: true }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByRole('button', { name: '上提' }).click();
  await sheet.getByText('请说明原因。').waitFor();
  await sheet.getByLabel('说明原因').fill('需要市政处理');
  await sheet.getByRole('button', { name: '上提' }).click();
  await page.getByText('已上提', { exact: true }).first().waitFor();
  // What was said stands on the record itself.
  await page.getByText(/说：需要市政处理/).waitFor();
  await page.getByLabel('写评论').fill('已拍照');
  await page.getByRole('button', { name: '发表' }).click();
  await page.locator('.comment').getByText('已拍照').waitFor();
  await shot(page, 'matter');
  await sync();
  assert.equal((await server.call('GET', `/v1/records/${matter}`)).status, 'escalated');
  await handset.open(page, `history/${matter}`);
  await page.getByText('需要市政处理').first().waitFor();
  // Moments are those of the phone's zone, as people say them.
  await page.getByText('办理时限：1月2日 08:00').waitFor();
});

test('two phones change the same field; both sides are seen, and one is chosen on the phone', async () => {
  const [household] = town.households;
  await server.stop();
  for (const [phone, at, typed] of [
    [handset, page, '13900000001'],
    [colleague, theirs, '13900000002'],
  ]) {
    await phone.open(at, `edit/${household}`);
    await at.getByLabel('联系电话').fill(typed);
    await save(at);
    await at.getByText('仅在手机上').first().waitFor();
  }
  await server.back();
  await sync(colleague, theirs);
  await sync();
  await page.locator('[data-list=conflict]').getByRole('link').click();
  await page.getByText('“联系电话”有 2 种写法').waitFor();
  await shot(page, 'conflict');
  await page.getByRole('button', { name: '选这个：13900000002' }).click();
  await page.getByText('“联系电话”有 2 种写法').waitFor({ state: 'detached' });
  await sync();
  const settled = await server.call('GET', `/v1/records/${household}`);
  assert.equal(settled.fields.phone, '13900000002');
  assert.deepEqual(settled.conflict_list ?? [], []);
});

test('a comment and the note of a step are kept at every key, and are gone once they were sent', async () => {
  await handset.open(page, `record/${task}`);
  await page.getByLabel('写评论').fill('已联系电工，等');
  // What was typed is on its way to the disk when the next question of the page was answered.
  await handset.open(page, `record/${task}`);
  await page.waitForFunction(() => document.querySelector('textarea.say')?.value === '已联系电工，等');
  await handset.kill();
  page = await handset.start(server);
  await handset.open(page);
  await page.getByRole('link', { name: /任务：说的话还没发/ }).click();
  const comment = page.getByLabel('写评论');
  await page.waitForFunction(() => document.querySelector('textarea.say')?.value === '已联系电工，等');
  await comment.fill('已联系电工，等回话');
  await page.getByRole('button', { name: '发表' }).click();
  await page.locator('.comment').getByText('已联系电工，等回话').waitFor();
  assert.equal(await comment.inputValue(), '');
  const step = page.getByRole('button', { name: '退办', exact: true });
  await step.click();
  await page.getByRole('dialog').getByLabel('说明原因').fill('电箱锁着');
  // The way back closes the sheet, and keeps the page and the words.
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.match(new URL(page.url()).pathname, /\/m\/record\//);
  await step.click();
  assert.equal(await page.getByRole('dialog').getByLabel('说明原因').inputValue(), '电箱锁着');
  await page.getByRole('dialog').getByRole('button', { name: '取消' }).click();
  await handset.open(page);
  await page.getByRole('link', { name: /任务：说的话还没发/ }).click();
});

test('minutes that two people type at once are one text, with what each wrote, once', async () => {
  await handset.open(page, 'new/meeting');
  await page.getByLabel('议题').fill('楼道清理');
  await page.getByLabel('召开时间').fill('2026-03-02T09:00');
  await page.getByLabel('会议纪要').fill('开场：说明情况。结束。');
  await save();
  await page.getByRole('heading', { name: '楼道清理' }).waitFor();
  const id = new URL(page.url()).pathname.split('/').pop();
  await sync();
  await sync(colleague, theirs);
  // Both have it open; one is done and synced while the other still types.
  await handset.open(page, `edit/${id}`);
  await colleague.open(theirs, `edit/${id}`);
  await page.getByLabel('会议纪要').fill('开场：说明情况。周一清理。结束。');
  await theirs.getByLabel('会议纪要').fill('开场：说明情况。结束。下次再议。');
  await save();
  await page.getByRole('heading', { name: '楼道清理' }).waitFor();
  await sync();
  await until('the other phone has it', async () => {
    const { fields } = await server.call('GET', `/v1/records/${id}`);
    return fields.minutes === '开场：说明情况。周一清理。结束。';
  });
  await theirs.getByText('草稿已存在手机上').waitFor();
  await save(theirs);
  await theirs.getByRole('heading', { name: '楼道清理' }).waitFor();
  await sync(colleague, theirs);
  await sync();
  for (const [phone, at] of [
    [handset, page],
    [colleague, theirs],
  ]) {
    await phone.open(at, `record/${id}`);
    await at.getByText('开场：说明情况。周一清理。结束。下次再议。').waitFor();
  }
  const { fields, conflict_list: conflicts } = await server.call('GET', `/v1/records/${id}`);
  assert.equal(fields.minutes, '开场：说明情况。周一清理。结束。下次再议。');
  assert.deepEqual(conflicts ?? [], []);
});

test('what a colleague wrote while a draft waited stays beside it', async () => {
  const [, household] = town.households;
  await handset.open(page, `edit/${household}`);
  await page.getByLabel('联系电话').fill('13900000003');
  await page.getByText('草稿已存在手机上').waitFor();
  await colleague.open(theirs, `edit/${household}`);
  await theirs.getByLabel('联系电话').fill('13900000004');
  await save(theirs);
  await theirs.getByRole('heading', { name: /502/ }).waitFor();
  await sync(colleague, theirs);
  const phoneOf = async () => (await server.call('GET', `/v1/records/${household}`)).fields.phone;
  await until('theirs is at the server', async () => (await phoneOf()) === '13900000004');
  await sync();
  await handset.open(page, `record/${household}`);
  await page.getByText('13900000004').first().waitFor();
  await handset.open(page);
  await page.getByRole('link', { name: /住户，还没写完/ }).click();
  assert.equal(await page.getByLabel('联系电话').inputValue(), '13900000003');
  await save();
  await page.getByText('“联系电话”有 2 种写法').waitFor();
  await page.getByRole('button', { name: '选这个：13900000004' }).click();
  await page.getByText('“联系电话”有 2 种写法').waitFor({ state: 'detached' });
  await sync();
  await until('the choice is at the server', async () => {
    const { fields, conflict_list: conflicts } = await server.call('GET', `/v1/records/${household}`);
    return fields.phone === '13900000004' && (conflicts ?? []).length === 0;
  });
});

test('found as one types, with all that belongs to a household', async () => {
  await handset.open(page, 'search');
  await page.getByRole('searchbox').fill('501');
  await page.getByText('共 1 条').waitFor();
  await page.getByRole('link', { name: /和平里3号楼2单元501/ }).click();
  await page.getByRole('link', { name: '＋ 走访' }).click();
  await page.getByText('日常走访', { exact: true }).click();
  await save();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await page.getByRole('link', { name: '和平里3号楼2单元501' }).click();
  await page.getByRole('heading', { name: /这一户的记录/ }).waitFor();
  await shot(page, 'household');
  await sync();
});

test('what the server refuses is kept with its reason, and mended', async () => {
  const [, household] = town.households;
  await handset.loseSignal();
  await handset.open(page, `edit/${household}`);
  await page.getByLabel('户主姓名').fill('李建国');
  await save();
  await page.getByText('仅在手机上').first().waitFor();
  // Erased meanwhile, for good: no edit of it is taken any more.
  await server.call('POST', `/v1/records/${household}/erase`, { reason: '重复登记' });
  await handset.findSignal();
  await handset.open(page);
  await page.getByRole('button', { name: '同步', exact: true }).click();
  await page.getByRole('heading', { name: /被退回的修改/ }).waitFor();
  await page.getByText('查看原因，改好再送').click();
  await page.getByText('户主姓名：李建国').waitFor();
  await shot(page, 'refused');
  await page.getByRole('button', { name: '放弃' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '放弃' }).click();
  await page.getByText('没有被退回的修改。').waitFor();
});

test('what waits is handed over as a file that another phone takes', async () => {
  await server.stop();
  await handset.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByText('政策宣传', { exact: true }).click();
  await save();
  await page.getByRole('heading', { name: '政策宣传' }).waitFor();
  await handset.open(page, 'carry');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: '存为文件' }).click(),
  ]);
  assert.match(file.suggestedFilename(), /\.gfcarry$/);
  await page.getByText('文件里有 1 项').waitFor();
  await page.getByRole('button', { name: '显示二维码' }).click();
  await page.getByRole('img', { name: /第 \d+ 张，共 \d+ 张/ }).waitFor();
  await shot(page, 'carry');
  await server.back();
});

test('the diagnosis has no name, no address and nothing typed', async () => {
  await handset.open(page, 'diagnosis');
  await page.getByText(/pending: \d+/).waitFor();
  const text = await page.locator('pre').innerText();
  for (const secret of ['李网格员', '和平里', '张秀英', '13900', '路灯', '第一网格'])
    assert.ok(!text.includes(secret), secret);
  await ready(page);
});

test('nothing complained and nothing was asked for elsewhere', () => {
  for (const phone of [handset, colleague]) {
    assert.deepEqual(phone.complaints, []);
    assert.deepEqual(phone.elsewhere, []);
  }
});
