/** A store that asks whoever opens it: by a PIN, or by the phone's finger or face. */
import assert from 'node:assert/strict';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { enrol, Handset, invite, ready, Server, shot, SIZE, syncs, usable } from './harness.mjs';
import { found } from './town.mjs';

const PIN = '和平里 4711';
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

const button = (name, at = page) => at.getByRole('button', { name, exact: true });
const name = (at = page) => at.getByText('姓名').waitFor();

async function setPin() {
  await handset.open(page, 'me');
  await page.getByText('口令', { exact: true }).click();
  await page.getByLabel('口令', { exact: true }).last().fill(PIN);
  await page.getByLabel('再输一次').fill(PIN);
  await button('改成这样').click();
  await page.getByText('已更改').waitFor();
}
async function type(pin, at = page) {
  await at.locator('input[type=password]').fill(pin);
  await button('打开', at).click();
}

test('a phone with a PIN shows nothing without it, and everything with it, after it was killed too', async () => {
  await setPin();
  await usable(page, 'me with a PIN');
  await handset.kill();
  page = await handset.start(server);
  await handset.open(page, 'me');
  await page.getByRole('heading', { name: '已锁定' }).waitFor();
  assert.equal(await page.getByText('姓名').count(), 0);
  await usable(page, 'locked');
  await type('另一个口令');
  await page.getByText('口令不对').waitFor();
  await usable(page, 'locked, with a wrong PIN');
  await shot(page, 'locked-zh');
  await page.setViewportSize({ width: 320, height: 640 });
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await usable(page, 'locked, with large text at 320 px');
  await page.setViewportSize(SIZE);
  await type(PIN);
  await name();
});

test('a phone that another tab has open goes over to where the PIN was typed', async () => {
  const other = await handset.page();
  await handset.open(other, 'me');
  await type(PIN, other);
  await button('在这里使用', other).click();
  await name(other);
  await page.getByText('应用已在另一个标签页中继续使用').waitFor();
  await other.close();
});

test('whoever forgot the PIN can wipe the phone and enrol it anew', async () => {
  await page.reload();
  await type('忘了的口令');
  await button('打不开了，清空这台手机').click();
  for (let n = 0; n < 2; n++)
    await page.getByRole('dialog').getByRole('button', { name: '清空这台手机' }).last().click();
  await page.getByRole('heading', { name: '登记这台手机' }).waitFor();
  await enrol(handset, page, town.li.user_id);
});

/** Gives a page a phone's authenticator, which knows the person or not. */
async function withFinger(at) {
  const devtools = await handset.context.newCDPSession(at);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return () => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
}

test('a phone that is opened by finger or face asks for it each time, and is left as it is without', async () => {
  // By its name: an address has no passkeys.
  const named = `${server.url.replace('127.0.0.1', 'localhost')}/m/`;
  const other = await handset.page();
  await other.goto(`${named}#enrol=${(await invite(server, town.zhao.user_id)).code}`);
  await button('登记', other).click();
  await button('开始使用', other).click();
  await ready(other);
  await other.goto(`${named}me`);
  await name(other);
  assert.equal(await other.getByText('指纹或面容').count(), 0, 'a phone without it is not offered it');

  const noLonger = await withFinger(other);
  await other.reload();
  await other.getByText('指纹或面容').click();
  await usable(other, 'me with a passkey');
  await shot(other, 'me-keep-zh');
  await button('改成这样', other).click();
  await other.getByText('已更改').waitFor();
  await other.reload();
  await button('用指纹或面容打开', other).click();
  await name(other);
  await noLonger();
  await other.reload();
  await button('用指纹或面容打开', other).click();
  await other.getByText('手机没有确认是你').waitFor();
  await button('用指纹或面容打开', other).waitFor();
  await other.close();
});

test('a phone whose organisation demands it goes on only once it has a PIN, and has all that it had', async () => {
  await server.call('PUT', '/v1/phone-keys', { by_person: true });
  await syncs(handset, page);
  // What is on the screen goes on, and opening by nothing is no choice any more; the next opening asks.
  await page.getByRole('link', { name: '我的' }).click();
  await name();
  await page.getByText('单位要求').waitFor();
  assert.equal(await page.getByText('无', { exact: true }).count(), 0);
  await page.reload();
  await page.getByText('单位要求').waitFor();
  assert.equal(await page.getByText('姓名').count(), 0);
  await usable(page, 'asked for a PIN');
  await shot(page, 'demanded-zh');
  await page.reload();
  await page.getByText('单位要求').waitFor();
  await page.getByLabel('口令', { exact: true }).last().fill(PIN);
  await page.getByLabel('再输一次').fill(PIN);
  await button('改成这样').click();
  await name();
  await page.reload();
  await type(PIN);
  await name();
  await page.getByText('李网格员').waitFor();
  await server.call('PUT', '/v1/phone-keys', { by_person: false });
});

test('nothing complained and nothing was asked for elsewhere', () => {
  assert.deepEqual(handset.complaints, []);
});
