/** What a fresh reader of every page stumbled over: each told where it is met. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot, WIDTHS } from './harness.mjs';
import { AREA, disagree, found, PASSWORD } from './town.mjs';

const HOUR_MS = 3_600_000;
let server, browser, town, page, drains, reported, home, twin, torn;

async function add(form, fields, more = {}) {
  const { record } = await server.call('POST', '/v1/records', { grid: AREA.one, form, fields, ...more });
  return record.record_id;
}

before(async () => {
  server = await Server.start();
  town = await found(server);
  reported = new Date(Date.now() - 2 * HOUR_MS).toISOString();
  const drain = (location) =>
    add('matter', { kind: '垃圾堆放', summary: '排水堵塞', reported_at: reported, ...(location && { location }) });
  drains = [await drain({ lat: 39.13, lon: 117.21 }), await drain({ lat: 39.14, lon: 117.22 })];
  const members = [{ key: 'm1', name: '张小明', relation: '儿子' }];
  home = await add('household', { address: '幸福里3号楼', head_name: '张先生', phone: '13800000007' });
  twin = await add('household', { address: '幸福里三号楼', head_name: '张先生', members });
  torn = await disagree(town.workers);
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
async function open(path, of = page) {
  await of.goto(server.url + path);
  await ready(of);
}
/** The page in both widths: looked over by axe, and never wider than the screen. */
async function seen(name) {
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await shot(page, `reader-${name}-${width}-zh`);
    await accessible(page, `${name}, ${width}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels too wide on a ${width}`);
  }
  await page.setViewportSize(WIDTHS.laptop);
}

test('a form is begun anew, its mistakes stand beside it with their place, and it is published', async () => {
  await open('/administration/forms');
  await button('新表单').click();
  const text = page.locator('#definition');
  const whole = await text.inputValue();
  assert.ok(await button('发布版本 1').isEnabled(), 'what it begins with can be published');
  await text.fill(whole.replace('"code"', 'code'));
  await page.getByText('第 2 行第 2 列').waitFor();
  await page.getByText('这里要有引号里的名称').waitFor();
  assert.ok(await button('发布版本 1').isDisabled());
  await text.fill(whole.replace('"type": "long_text"', '"type": "txt"'));
  await page.getByText(/不认识“txt”；可以写：text, long_text/).waitFor();
  const place = button(/第 \d+ 行第 \d+ 列，fields\[4\]\.type/);
  await seen('form-draft');
  await place.click();
  const at = await text.evaluate((box) => box.value.slice(box.selectionStart, box.selectionStart + 5));
  assert.equal(at, '"txt"');
  await text.fill(whole.replace('"required"', '"requird"'));
  await page.getByText('这里不认识“requird”').waitFor();
  await text.fill(whole.replace('新表单', '议事记录'));
  await page.getByRole('img', { name: /议事记录/ }).waitFor();
  await button('发布版本 1').click();
  await dialog().getByRole('button', { name: '发布版本 1' }).click();
  await page.getByText('已发布版本 1').waitFor();
  assert.equal((await server.call('GET', '/v1/forms/new_form/1')).label.zh, '议事记录');
});

test('a new task is proposed for the end of office hours, and the dialog says by what', async () => {
  await open('/tasks');
  await button('新任务').click();
  await dialog('新任务').getByText('建议：按工作日历，第 3 个工作日下班时').waitFor();
  const due = await dialog('新任务').getByRole('combobox', { name: '完成时限' }).inputValue();
  const [day, time] = due.split(' ');
  const { days } = await server.call('GET', `/v1/calendar/days?year=${day.slice(0, 4)}`);
  assert.equal(time, days.find(({ date }) => date === day).hours.at(-1).to, due);
  await page.keyboard.press('Escape');
});

test('what the catalogue proposes is said with its hours, without seconds, and sent as it is', async () => {
  const [drain] = drains;
  await open(`/records/${drain}`);
  await button('派遣').click();
  const { kinds } = await server.call('GET', '/v1/catalogue');
  const hours = kinds.find((kind) => kind.label.zh === '垃圾堆放').deadline_hours;
  await dialog().getByText(`建议：事项清单对“垃圾堆放”规定上报后 ${hours} 小时，按钟点计，夜里和休息日也算`).waitFor();
  assert.match(await dialog().getByRole('combobox', { name: '完成时限' }).inputValue(), /^[\d-]+ \d\d:\d\d$/);
  const doer = dialog().getByRole('combobox', { name: '执行人' });
  await doer.click();
  const names = await page.getByRole('option').allInnerTexts();
  assert.match(names[0], /网格员 · 网格员/, 'workers stand before who oversees, each with what they are');
  await page.getByRole('option', { name: /李网格员/ }).click();
  await dialog().getByRole('button', { name: '派遣' }).click();
  await dialog().waitFor({ state: 'detached' });
  const { due_at: sent } = (await server.call('GET', `/v1/records/${drain}`)).fields;
  assert.equal(Date.parse(sent), Date.parse(reported) + hours * HOUR_MS);
});

test('what one person did on one day is one entry, on a phone called as on the page of phones', async () => {
  await server.call('PATCH', `/v1/records/${home}`, { fields: { phone: '13800000008' } });
  await server.call('PATCH', `/v1/records/${home}`, { fields: { care_notes: '每周送药' } });
  await server.call('PATCH', `/v1/records/${home}`, { fields: { head_name: '张大爷' } });
  await open(`/records/${home}`);
  const entries = page.locator('.timeline > li');
  await entries.first().waitFor();
  assert.equal(await entries.count(), 2, 'what made it, and all that one person changed that day');
  await open('/administration/devices');
  const { phones } = await server.call('GET', '/v1/phones');
  const phone = phones.find(({ user_id: id }) => id === town.workers[0].user_id);
  const called = `#${phone.device_id.slice(-4)}`;
  await page.getByText(called).first().waitFor();
  await open(`/records/${torn}`);
  const device = page
    .locator('.timeline')
    .getByText(new RegExp(`手机或浏览器.*${called}`))
    .first();
  await device.waitFor();
  await page.emulateMedia({ media: 'print' });
  assert.equal(await device.isVisible(), false, 'on paper no device stands');
  await page.emulateMedia({ media: 'screen' });
});

test('a record with an open conflict is not prepared for a merge in vain', async () => {
  await open(`/records/${torn}`);
  await button('与重复的记录合并…').click();
  await dialog()
    .getByText(/还有并存的不同内容（联系电话）/)
    .waitFor();
  assert.equal(await dialog().getByRole('combobox').count(), 0, 'nothing is asked for before');
  assert.ok(await dialog().getByRole('button', { name: '合并', exact: true }).isDisabled());
  await accessible(page, 'a merge that has to wait');
  await dialog().getByRole('button', { name: '先去选定' }).click();
  await dialog().waitFor({ state: 'detached' });
  await button('移到其他网格…').click();
  await dialog()
    .getByText(/还有并存的不同内容/)
    .waitFor();
  await page.keyboard.press('Escape');
});

test('the members of the one that goes come along unless somebody leaves them behind', async () => {
  await server.call('PATCH', `/v1/records/${home}`, { fields: { members: [{ key: 'a', name: '李奶奶' }] } });
  await open(`/records/${twin}`);
  await button('与重复的记录合并…').click();
  await dialog().getByRole('combobox', { name: '保留哪一条' }).fill('幸福里3');
  await page.getByRole('option', { name: /幸福里3号楼/ }).click();
  const members = dialog().getByRole('radiogroup', { name: '家庭成员' });
  await members.waitFor();
  assert.ok(await members.getByRole('radio', { name: /把这一条的也加上/ }).isChecked());
  await dialog().getByRole('button', { name: '合并', exact: true }).click();
  await page.waitForURL((url) => url.pathname.endsWith(home));
  const { members: kept } = (await server.call('GET', `/v1/records/${home}`)).fields;
  assert.deepEqual(kept.map(({ name }) => name).sort(), ['李奶奶', '张小明'].sort());
});

test('what was typed before an automatic sign-out is there for the same person, and for nobody else', async () => {
  for (const [login, password, theirs] of [
    ['wang', PASSWORD, true],
    [server.login, server.password, false],
  ]) {
    const desk = await browser.page();
    await desk.clock.install();
    await browser.signIn(desk, 'wang', PASSWORD);
    await open('/records/new?form=visit', desk);
    await desk.getByRole('textbox', { name: '走访记录' }).fill('老人说药快吃完了');
    await desk.clock.fastForward('13:30');
    await desk.getByText('新记录里填写的内容会在您重新登录后再出现').waitFor();
    await desk.clock.fastForward('02:00');
    await desk.waitForURL(/\/sign-in/);
    await desk.getByText('新记录里填写到一半的内容还在').waitFor();
    await desk.fill('input[name=login]', login);
    await desk.fill('input[name=password]', password);
    await desk.press('input[name=password]', 'Enter');
    await desk.waitForURL(/\/records\/new/);
    await ready(desk);
    const box = desk.getByRole('textbox', { name: '走访记录' });
    await box.waitFor();
    assert.equal(await box.inputValue(), theirs ? '老人说药快吃完了' : '');
    const kept = await desk.evaluate(() =>
      Object.keys(sessionStorage).filter((key) => key.startsWith('gridfold.draft')),
    );
    assert.equal(kept.length, theirs ? 1 : 0, 'whoever else signs in leaves nothing of it');
    await desk.context().close();
  }
  browser.forgive(/401|ERR_/);
});

test('cards of one name say who wrote them down and where, and what is to be done next is in sight', async () => {
  await server.call('POST', `/v1/records/${drains[0]}/transitions`, { action: 'handle' });
  await open('/matters');
  const cards = page.locator('.work', { hasText: '排水堵塞' });
  await cards.nth(1).waitFor();
  const texts = (await cards.allInnerTexts()).join('\n');
  assert.match(texts, /39\.1300, 117\.2100/);
  assert.match(texts, /39\.1400, 117\.2200/);
  assert.match(texts, /admin 记录/);
  const next = page.getByRole('region', { name: '看板' }).getByRole('button', { name: /^答复并结案/ });
  const { x, width } = await next.first().boundingBox();
  assert.ok(x + width <= WIDTHS.laptop.width, `it ends at ${x + width}`);
  await seen('board');
});

test('a search shows where it found what was typed', async () => {
  await open('/');
  await page.keyboard.press('/');
  await page.getByRole('combobox', { name: /查找记录/ }).fill('zdy');
  const row = page.getByRole('option', { name: /幸福里3号楼/ });
  await row.getByText('户主姓名：张大爷').waitFor();
  await page.getByRole('combobox', { name: /查找记录/ }).fill('李奶奶');
  await row.getByText('姓名：李奶奶').waitFor();
  await page.keyboard.press('Escape');
});

test('an import says what files it takes, past imports are called so, and the audit has no raw words', async () => {
  await open(`/administration/areas?in=${AREA.community}`);
  await button('导入区域').click();
  await dialog()
    .getByText(/CSV 或 Excel.*“编码、上级、名称、级别”/)
    .waitFor();
  const csv = `编码,上级,名称,级别\n990101001001007,${AREA.community},第七网格,网格\n`;
  const file = { name: 'areas.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
  await dialog().locator('input[type=file]').setInputFiles(file);
  await button('写入').click();
  await dialog().waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /第七网格/ }).waitFor();
  await button('导入历史').click();
  await dialog('导入历史')
    .getByRole('row', { name: /区域（CSV 文件）/ })
    .waitFor();
  await page.keyboard.press('Escape');
  await open('/administration/audit');
  const row = page.getByRole('row', { name: /导入区域/ });
  assert.match(await row.innerText(), /文件大小\s*\d+\s?(byte|字节|B)/);
  assert.doesNotMatch(await page.locator('main table').innerText(), /\bbytes\b|by_person|_ms\b/);
});

test('a matter begins with who says so, and asks for nothing that is only told later', async () => {
  await open('/records/new?form=matter');
  const names = await page.locator('.el-form-item__label').allInnerTexts();
  const asked = names.map((name) => name.trim()).filter((name) => !['类型', '网格'].includes(name));
  assert.deepEqual(asked.slice(0, 2), ['反映人', '反映人电话']);
  for (const later of ['满意度', '居民要求重办的理由', '回执号', '答复', '申请延期至'])
    assert.ok(!asked.includes(later), later);
});

test('whoever retires an area is told what is in it', async () => {
  await open(`/administration/areas?in=${AREA.community}`);
  const { matters_open: matters, households } = await server.call('GET', `/v1/overview?area=${AREA.one}`);
  await button('停用“第一网格”').click();
  const told = `“第一网格”里现在有：未办结事项 ${matters} 件，未完成任务 1 个，住户 ${households} 户；授权在这里的 2 人`;
  await dialog().getByText(told).waitFor();
  await seen('retire');
  await dialog().getByRole('button', { name: '返回' }).click();
  await button('停用“第七网格”').click();
  await dialog().getByText('“第七网格”里没有未办结的事项和任务').waitFor();
  await dialog().getByRole('button', { name: '返回' }).click();
});

test('people stand in order with where they work, and a login without a password is told beside it', async () => {
  for (const name of ['网格员 10', '网格员 2']) await server.call('POST', '/v1/users', { name });
  await open('/administration/users');
  await page.getByRole('row', { name: /李网格员.*和平社区 \/ 第一网格/ }).waitFor();
  const names = await page.locator('tbody th').allInnerTexts();
  const [two, ten] = ['网格员 2', '网格员 10'].map((name) => names.indexOf(name));
  assert.ok(two >= 0 && two < ten, names.join());
  await seen('people');
  await button('新增人员').click();
  await dialog().getByLabel('姓名').fill('林登录');
  await dialog().getByLabel('登录名').fill('lin');
  await dialog().getByRole('button', { name: '保存' }).click();
  await dialog().locator('.el-form-item__error', { hasText: '密码至少要有 12 个字' }).waitFor();
  await dialog().getByLabel(/^密码/).fill('passwordpassword');
  await dialog().getByRole('button', { name: '保存' }).click();
  const note = page.locator('.el-message--error');
  await note.getByText(/这个密码太常见/).waitFor();
  assert.doesNotMatch(await note.innerText(), /密码太短、太常见/, 'one sentence says it');
  browser.forgive(/status of 422/);
  await page.keyboard.press('Escape');
});

test('a map says that it loads until its ground is drawn', async () => {
  let go;
  const held = new Promise((done) => (go = done));
  await page.route(/\/assets\/land-/, async (route) => {
    await held;
    await route.fallback();
  });
  await page.goto(`${server.url}/map`);
  const told = page.getByText('地图加载中…', { exact: true });
  await told.waitFor();
  go();
  await told.waitFor({ state: 'detached' });
  await page.unrouteAll({ behavior: 'wait' });
});

/** How strongly a colour stands on white, as WCAG reckons it: 3 is what a border has to have to be seen. */
function onWhite(rgb) {
  const [r, g, b] = rgb.match(/\d+/g).map((n) => {
    const part = Number(n) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
}

test('a day that is worked and one that is off can be told apart in the calendar’s legend', async () => {
  await open('/administration/calendar');
  const look = (kind) =>
    page.locator(`.legend .day.${kind}`).evaluate((day) => {
      const { backgroundImage, borderColor } = getComputedStyle(day);
      return { backgroundImage, borderColor, text: day.textContent };
    });
  const [working, off] = [await look('working'), await look('off')];
  assert.ok(onWhite(working.borderColor) >= 3, working.borderColor);
  assert.equal(working.backgroundImage, 'none');
  assert.match(off.backgroundImage, /gradient/);
  assert.equal(working.text, '8', 'it looks as a day of the months');
});

test('in English what waits is one of its kind, with spaces between words', async () => {
  const english = await browser.page({ language: 'en' });
  await browser.signIn(english, 'wang', PASSWORD);
  await open('/attention', english);
  const item = english.locator('.item.conflict').first();
  assert.equal(await item.locator('.mark').first().innerText(), 'Conflict');
  assert.doesNotMatch(await english.locator('main').innerText(), /Arrived\S/);
  await english.context().close();
});

test('a filter in an address that cannot be meant is told in words, with a way out', async () => {
  await open('/records?overdue=true');
  await page.getByText('地址里的筛选条件写得不对').waitFor();
  assert.doesNotMatch(await page.locator('main').innerText(), /must be captured/);
  browser.forgive(/status of 400/);
  await page.getByRole('link', { name: '去掉筛选条件，查看全部' }).click();
  await page.locator('tbody tr').first().waitFor();
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.elsewhere, []);
});
