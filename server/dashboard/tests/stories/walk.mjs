/** A walk through every page in both languages, in a town where something of every kind has happened. */
import assert from 'node:assert/strict';
import { after, before, test } from './bounded.mjs';
import { accessible, Browser, ready, Server, shot } from './harness.mjs';
import { AREA, disagree, found } from './town.mjs';

/** A household whose conflict was settled, one whose is not, visits, work in several states, what was erased, a phone that was lost. */
async function live(server, { workers }) {
  const [{ phone, name }, , lost] = workers;
  const household = await disagree(workers);
  const { heads, conflict_list: conflicts } = await server.call('GET', `/v1/records/${household}`);
  const [{ field, values }] = conflicts;
  await server.call('POST', `/v1/records/${household}/choose`, { field, by: values[1].by, base: heads });
  await disagree(workers);
  for (const form of ['visit', 'matter', 'matter', 'matter', 'meeting']) await phone.do('capture', { form });
  const matter = (await phone.do('capture', { form: 'matter' })).record;
  const erased = (await phone.do('capture', { form: 'visit' })).record;
  await phone.do('sync');
  await server.call('POST', `/v1/records/${matter}/transitions`, { action: 'accept', note: '' });
  const task = { title: '查看井盖', doer: name, issuer: 'admin', priority: 'normal', matter };
  const due_at = '2099-01-01T00:00:00Z';
  await server.call('POST', '/v1/records', { grid: AREA.one, form: 'task', fields: { ...task, due_at } });
  await server.call('POST', `/v1/records/${erased}/erase`, { reason: '本人要求' });
  await server.call('POST', `/v1/devices/${lost.device}/revoke`, { wipe: false });
  return household;
}

export function walk(width) {
  let server, browser, town, household;

  before(async () => {
    server = await Server.start();
    town = await found(server);
    household = await live(server, town);
    browser = await Browser.start(server);
  });
  after(async () => {
    for (const worker of town?.workers ?? []) worker.phone.end();
    await browser?.end();
    await server?.end();
  });

  for (const language of ['zh-CN', 'en']) {
    test(`every page is whole and accessible: ${width}, ${language}`, async () => {
      const page = await browser.page({ width, language });
      const short = language === 'en' ? 'en' : 'zh';
      await browser.signIn(page);
      await page.getByRole('button', { name: language === 'en' ? '中文' : 'English' }).click();
      assert.equal(await page.locator('html').getAttribute('lang'), language === 'en' ? 'zh-CN' : 'en');
      await page.getByRole('button', { name: language === 'en' ? 'English' : '中文' }).click();
      const pages = {
        overview: '/',
        records: '/records',
        record: `/records/${household}`,
        'new-record': '/records/new?form=matter',
        attention: '/attention',
        matters: '/matters',
        'matters-list': '/matters?as=list',
        tasks: '/tasks',
        unowned: '/tasks/unowned',
        plans: '/plans',
        'plan-new': '/plans/~new',
        map: '/map',
        reports: '/reports',
        report: '/reports/matters-by-kind?of=this_year',
        'report-new': '/reports/new',
        users: '/administration/users',
        devices: '/administration/devices',
        areas: `/administration/areas?in=${AREA.community}`,
        forms: '/administration/forms',
        catalogue: '/administration/catalogue',
        calendar: '/administration/calendar',
        erasures: '/administration/erasures',
        audit: '/administration/audit',
        'not-found': '/no/such/page',
      };
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(server.url + path);
        await ready(page);
        if (name === 'overview' || name === 'report') await page.locator('canvas').first().waitFor();
        if (name === 'map') await page.locator('.cluster').first().waitFor();
        await shot(page, `${name}-${width}-${short}`);
        await accessible(page, `${name}, ${width}, ${language}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${name} is ${over} pixels too wide`);
        const words = await page.locator('body').innerText();
        assert.doesNotMatch(words, /\bNaN\b|\bundefined\b|\[object |Invalid Date/, name);
      }
      await page.context().close();
    });
  }

  test('nothing complained and nothing was asked for elsewhere', () => {
    assert.deepEqual(browser.complaints, []);
    assert.deepEqual(browser.elsewhere, []);
  });
}
