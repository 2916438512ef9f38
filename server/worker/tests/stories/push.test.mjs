/** A phone that is told of new work while the app is closed: from the switch to what stands on its screen. */
import assert from 'node:assert/strict';
import { createDecipheriv, createECDH, createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from '../../../dashboard/tests/stories/bounded.mjs';
import { AREA, enrol, Handset, keptForOffline, Server, shot, until, usable } from './harness.mjs';
import { found, work } from './town.mjs';

let service, server, handset, page, town;

/** What stands in for the push service of the browser's maker, which no test may write to, with the keys of one browser. */
class PushService {
  constructor() {
    this.ecdh = createECDH('prime256v1');
    this.ecdh.generateKeys();
    this.secret = randomBytes(16);
    this.got = [];
    this.server = createServer((asked, answer) => {
      const parts = [];
      asked.on('data', (part) => parts.push(part));
      asked.on('end', () => {
        this.got.push(Buffer.concat(parts));
        answer.writeHead(201).end();
      });
    });
  }
  async listen() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }
  get subscription() {
    const text = (bytes) => bytes.toString('base64url');
    return { endpoint: `${this.origin}/phone`, p256dh: text(this.ecdh.getPublicKey()), auth: text(this.secret) };
  }
  /** What a message says, as RFC 8291 has a browser read it. */
  read(message) {
    const hmac = (key, ...parts) => createHmac('sha256', key).update(Buffer.concat(parts)).digest();
    const one = Buffer.from([1]);
    const theirs = message.subarray(21, 21 + message[20]);
    const text = message.subarray(21 + message[20]);
    const shared = hmac(this.secret, this.ecdh.computeSecret(theirs));
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.ecdh.getPublicKey(), theirs, one]);
    const keyed = hmac(message.subarray(0, 16), hmac(shared, info));
    const key = hmac(keyed, Buffer.from('Content-Encoding: aes128gcm\0'), one).subarray(0, 16);
    const nonce = hmac(keyed, Buffer.from('Content-Encoding: nonce\0'), one).subarray(0, 12);
    const opened = createDecipheriv('aes-128-gcm', key, nonce);
    opened.setAuthTag(text.subarray(-16));
    const plain = Buffer.concat([opened.update(text.subarray(0, -16)), opened.final()]);
    assert.equal(plain.at(-1), 2);
    return plain.subarray(0, -1).toString();
  }
}

before(async () => {
  service = new PushService();
  await service.listen();
  // What is started from here has this process's surroundings.
  process.env.GRIDFOLD_PUSH_CONTACT = 'mailto:it@example.cn';
  process.env.GRIDFOLD_PUSH_SERVICES = service.origin;
  server = await Server.start();
  town = await found(server);
  handset = new Handset();
  page = await handset.start(server);
  // The browser's own goes to its maker. What is asked of it, and what it is asked with, stays.
  await handset.context.addInitScript(({ endpoint, p256dh, auth }) => {
    const KEPT = 'story.push';
    const bytes = (text) => {
      const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
      return Uint8Array.from(plain, (sign) => sign.charCodeAt(0)).buffer;
    };
    const made = (key) => ({
      endpoint,
      options: { applicationServerKey: bytes(key) },
      toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
      unsubscribe: () => Promise.resolve(localStorage.removeItem(KEPT) ?? true),
    });
    PushManager.prototype.subscribe = ({ userVisibleOnly, applicationServerKey }) => {
      if (!userVisibleOnly || bytes(applicationServerKey).byteLength !== 65) return Promise.reject(new TypeError());
      localStorage.setItem(KEPT, applicationServerKey);
      return Promise.resolve(made(applicationServerKey));
    };
    PushManager.prototype.getSubscription = () => {
      const key = localStorage.getItem(KEPT);
      return Promise.resolve(key ? made(key) : null);
    };
  }, service.subscription);
  await enrol(handset, page, town.li.user_id);
  await keptForOffline(page);
});
after(async () => {
  delete process.env.GRIDFOLD_PUSH_CONTACT;
  delete process.env.GRIDFOLD_PUSH_SERVICES;
  await handset?.end();
  await server?.end();
  service?.server.close();
});

const theSwitch = () => page.getByRole('switch', { name: /有新工作时提醒|Tell me of new work/ });

/** Gives the service worker a message as the browser does. */
async function deliver(data) {
  const cdp = await handset.context.newCDPSession(page);
  const registration = new Promise((done) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL, isDeleted }) => !isDeleted && scopeURL.endsWith('/m/'));
      if (ours) done(ours.registrationId);
    });
  });
  await cdp.send('ServiceWorker.enable');
  const origin = new URL(server.url).origin;
  await cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId: await registration, data });
  await cdp.detach();
}

/** How long a message may take on a busy machine before it counts as lost on its way. */
const LOST_MS = 5_000;

/** A service sends again what was lost; the browser's tools say nothing of a message they could not hand over. */
async function delivered(data, what, holds) {
  let lost = 0;
  await until(what, async () => {
    if (Date.now() > lost) {
      await deliver(data);
      lost = Date.now() + LOST_MS;
    }
    return holds();
  });
}

const shown = () =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const all = await registration.getNotifications();
    return all.map(({ title, body, lang }) => ({ title, body, lang }));
  });

test('the browser asks the person at the tap on the switch, and the server is told then', async () => {
  await handset.open(page, 'me');
  await theSwitch().waitFor();
  assert.equal(await theSwitch().getAttribute('aria-checked'), 'false');
  await usable(page, 'me, with the switch');
  await handset.context.grantPermissions(['notifications'], { origin: new URL(server.url).origin });
  await theSwitch().click();
  await page.locator('[role=switch][aria-checked=true]').waitFor();
  await shot(page, 'told-of-new-work');
  // Also for who comes back to it.
  await page.reload();
  await page.locator('[role=switch][aria-checked=true]').waitFor();
});

test('work that is given to a worker stands on their phone in their language, without a word of what it is', async () => {
  await work(server, town);
  await until('the push service has a message', () => service.got.length > 0);
  const said = service.read(service.got[0]);
  assert.deepEqual(JSON.parse(said), { kind: 'news' });
  await delivered(said, 'the phone shows it', async () => (await shown()).length === 1);
  assert.deepEqual(await shown(), [{ title: 'Gridfold：有新的工作', body: '打开应用，同步后就能看到', lang: 'zh-CN' }]);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('button', { name: '中文' }).waitFor();
  await until('the language is kept', () =>
    page.evaluate(async () => (await (await caches.match('/m/language'))?.text()) === 'en'),
  );
  await delivered(said, 'the phone shows it in English', async () => (await shown())[0]?.lang === 'en');
  assert.deepEqual(await shown(), [
    { title: 'Gridfold: new work for you', body: 'Open the app: it syncs and shows it', lang: 'en' },
  ]);
});

test('a page that is open syncs when the message comes', async () => {
  await handset.open(page);
  await page.getByText('查看3号楼电箱').first().waitFor();
  const doer = { user_id: town.li.user_id, name: town.li.name };
  const fields = { title: '补拍门牌', doer };
  await server.call('POST', '/v1/records', { grid: AREA.one, form: 'task', fields });
  const read = page.getByText('补拍门牌').first();
  await delivered(JSON.stringify({ kind: 'news' }), 'the page shows it', () => read.isVisible());
});

test('who switches it off is told no more, also by the server', async () => {
  await handset.open(page, 'me');
  await page.locator('[role=switch][aria-checked=true]').click();
  await page.locator('[role=switch][aria-checked=false]').waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('story.push')), null);
  await page.reload();
  await page.locator('[role=switch][aria-checked=false]').waitFor();
  assert.deepEqual(handset.elsewhere, []);
  assert.deepEqual(handset.complaints, []);
});
