/** What hands do: look and leave, tap twice, type half a date, begin many things, come back when the grid is somebody else's. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { AREA, enrol, Handset, recordsOf, Server, shot, syncs, until, usable } from './harness.mjs';
import { found } from './town.mjs';

let server, handset, page, town;

before(async () => {
  server = await Server.start();
  town = await found(server);
  handset = new Handset();
  page = await handset.start(server);
  await enrol(handset, page, town.li.user_id);
});
after(async () => {
  await handset?.end();
  await server?.end();
});

const save = () => page.getByRole('button', { name: '保存', exact: true });
const sync = () => syncs(handset, page);
const kept = () => page.getByText('草稿已存在手机上').waitFor();

test('items stand in the order in which they were added', async () => {
  const added = ['清理楼道', '更换灯泡', '张贴通知', '下周复查', '报街道'];
  await handset.open(page, 'new/meeting');
  await page.getByLabel('议题').fill('例会');
  await page.getByLabel('召开时间').fill('2026-03-02T09:00');
  for (const [n, what] of added.entries()) {
    await page.getByRole('button', { name: '＋ 添加决议' }).click();
    await page
      .getByRole('region', { name: `决议 ${n + 1}` })
      .getByLabel('内容')
      .fill(what);
  }
  await save().click();
  await page.getByRole('heading', { name: '例会' }).waitFor();
  const text = await page.locator('main').innerText();
  assert.deepEqual(
    [...added].sort((a, b) => text.indexOf(a) - text.indexOf(b)),
    added,
  );
  await page
    .getByRole('link', { name: '修改' })
    .or(page.getByRole('button', { name: '修改' }))
    .first()
    .click();
  for (const [n, what] of added.entries()) {
    const item = page.getByRole('region', { name: `决议 ${n + 1}` });
    assert.equal(await item.getByLabel('内容').inputValue(), what);
  }
});

test('a moment of which only the day was typed is said, and not dropped', async () => {
  await handset.open(page, 'new/task');
  await page.getByLabel('任务').first().fill('查看电箱');
  const due = page.getByLabel('完成时限');
  await due.focus();
  // A year, and nothing after it.
  await page.keyboard.type('2026');
  await page.getByLabel('任务').first().focus();
  await page.locator('[data-field=due_at]').getByText('请填全，或清空。').waitFor();
  await save().click();
  await page.locator('[data-field=due_at]').getByText('请填全，或清空。').waitFor();
  assert.deepEqual(await recordsOf(server, 'task'), []);
  await due.fill('2026-12-24T18:00');
  await page.getByText('请填全，或清空。').waitFor({ state: 'detached' });
  await save().click();
  await page.getByRole('heading', { name: '查看电箱' }).waitFor();
  const [task] = await until('the task is at the server', async () => {
    const tasks = await recordsOf(server, 'task');
    return tasks.length > 0 && tasks;
  });
  const { fields } = await server.call('GET', `/v1/records/${task.record_id}`);
  assert.equal(fields.due_at, '2026-12-24T10:00:00.000Z');
});

test('a form that was only looked at leaves no draft, though the place came by itself', async () => {
  const cdp = await handset.context.newCDPSession(page);
  await handset.context.grantPermissions(['geolocation'], { origin: new URL(server.url).origin });
  await cdp.send('Emulation.setGeolocationOverride', { latitude: 39.123, longitude: 117.2051, accuracy: 12 });
  await handset.open(page, 'new/matter');
  await page.getByText('39.12300, 117.20510').waitFor();
  await page.getByRole('button', { name: '返回' }).click();
  await handset.open(page);
  assert.equal(await page.getByText('还没写完').count(), 0);
  // With a word typed the place is kept beside it.
  await handset.open(page, 'new/matter');
  await page.getByText('39.12300, 117.20510').waitFor();
  await page.getByLabel('简述').first().fill('路灯不亮');
  await kept();
  await handset.open(page);
  await page.getByRole('link', { name: /事项，还没写完/ }).click();
  await page.getByText('39.12300, 117.20510').waitFor();
  await page.getByRole('button', { name: '丢弃' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '丢弃' }).click();
  await cdp.detach();
});

test('the second of two taps saves nothing half filled, and does not open what was saved to be changed', async () => {
  await handset.open(page, `new/visit?household=${town.households[0]}`);
  await page.getByLabel('走访记录').fill('敲门没人');
  await save().dblclick();
  await page.getByRole('button', { name: '先这样保存' }).waitFor();
  assert.deepEqual(await page.getByRole('heading', { level: 1 }).allInnerTexts(), ['新走访']);
  await page.getByText('日常走访', { exact: true }).click();
  await save().dblclick();
  await page.getByRole('heading', { name: '日常走访' }).waitFor();
  await page.locator('body.settling').waitFor({ state: 'detached' });
  assert.match(new URL(page.url()).pathname, /\/m\/record\//);
  await until('the visit is at the server', async () => (await recordsOf(server, 'visit')).length > 0);
  assert.equal((await recordsOf(server, 'visit')).length, 1);
});

test('all drafts are reached from Today, told apart by what they are about, and counted before signing out', async () => {
  const notes = ['甲', '乙', '丙', '丁', '戊', '己'];
  for (const note of notes) {
    await handset.open(page, `new/visit?household=${town.households[1]}`);
    await page.getByLabel('走访记录').fill(note);
    await kept();
  }
  await handset.open(page);
  const drafts = page.getByRole('link', { name: /走访，还没写完 和平里3号楼2单元502/ });
  await until('five are shown', async () => (await drafts.count()) === 5);
  await page.getByRole('button', { name: '全部 6 条' }).click();
  await until('all are shown', async () => (await drafts.count()) === 6);
  await shot(page, 'drafts');
  await usable(page, 'many drafts');
  await handset.open(page, 'me');
  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '退出', exact: true }).click();
  await page.getByRole('dialog').getByText('还有 6 项').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: '取消' }).click();
});

test('a draft of a grid that is somebody else’s by now keeps its words until the grid is one’s own again', async () => {
  await handset.open(page, `edit/${town.households[0]}`);
  await page.getByLabel('户主姓名').fill('李建国');
  await kept();
  await server.call('POST', `/v1/grants/${town.li.grant}/end`, {});
  await sync();
  await page.getByText(/您不再负责第一网格/).waitFor();
  const draft = page.getByRole('link', { name: /住户，还没写完/ });
  await page.getByRole('button', { name: '全部 7 条' }).click();
  await draft.click();
  await page.getByText(/您现在不能写“.*”的这类记录/).waitFor();
  assert.equal(await page.getByLabel('户主姓名').inputValue(), '李建国');
  assert.equal(await save().count(), 0);
  await shot(page, 'closed-draft');
  await usable(page, 'a draft of another grid');
  await page.getByRole('button', { name: '返回' }).click();
  await server.call('POST', '/v1/grants', { user_id: town.li.user_id, role: 'worker', area: AREA.one });
  await sync();
  await page.getByRole('button', { name: '全部 7 条' }).click();
  await draft.click();
  await page.getByLabel('户主姓名').waitFor();
  await save().click();
  await page.getByRole('heading', { name: /和平里3号楼2单元501/ }).waitFor();
  await until('what was typed is at the server', async () => {
    const { fields } = await server.call('GET', `/v1/records/${town.households[0]}`);
    return fields.head_name === '李建国';
  });
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(handset.complaints, []);
  assert.deepEqual(handset.elsewhere, []);
});
