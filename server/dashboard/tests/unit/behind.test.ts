import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { api } from '@/api/client';
import { behind } from '@/app/behind';
import { locale } from '@/app/locale';
import BehindWarning from '@/components/BehindWarning.vue';
import { i18n } from '@/messages';

/** The next answers of the server, with what they say of its lists. */
function answers(...said: (string | null)[]): void {
  vi.stubGlobal('location', { origin: 'http://server' });
  vi.stubGlobal('fetch', () => {
    const now = said.shift();
    const headers = new Headers({ 'content-type': 'application/json' });
    if (now) headers.set('gridfold-views-behind', now);
    return Promise.resolve(new Response('{}', { status: now === '7' ? 503 : 200, headers }));
  });
}

function speak(language: 'zh-CN' | 'en'): void {
  locale.value = language;
  i18n.global.locale.value = language;
}

beforeEach(() => {
  behind.entries = 0;
});
afterEach(() => vi.unstubAllGlobals());

test('each answer says how far lists are behind, refusals too, and when they are level again', async () => {
  answers('3', '7', null);
  await api.get('/v1/records');
  expect(behind.entries).toBe(3);
  await expect(api.post('/v1/records', { body: { grid: '', form: '' } })).rejects.toThrow();
  expect(behind.entries).toBe(7);
  await api.get('/v1/records');
  expect(behind.entries).toBe(0);
});

test('the banner says it in both languages', async () => {
  behind.entries = 3;
  speak('zh-CN');
  expect(await renderToString(createSSRApp(BehindWarning))).toMatch(/3 条.*没有内容丢失/);
  speak('en');
  const said = await renderToString(createSSRApp(BehindWarning));
  expect(said).toMatch(/3 saved changes.*Nothing is lost/);
  expect(said).toContain('role="status"');
});
