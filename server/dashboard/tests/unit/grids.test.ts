import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { expect, test, vi } from 'vitest';
import { locale } from '@/app/locale';
import { i18n } from '@/messages';

function speak(language: 'zh-CN' | 'en'): void {
  locale.value = language;
  i18n.global.locale.value = language;
}

async function shown(leftOut?: number): Promise<string> {
  vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
  const { default: GridTable } = await import('@/components/GridTable.vue');
  const app = createSSRApp(GridTable, { grids: [], leftOut, days: 30 });
  app.component('RouterLink', { render: () => null }).directive('scrolls', {});
  return renderToString(app);
}

test('grids that a large town does not list are counted, in both languages', async () => {
  speak('zh-CN');
  expect(await shown(98_000)).toContain('另有 98,000 个网格');
  speak('en');
  expect(await shown(98_000)).toContain('98,000 more grids');
  expect(await shown()).not.toContain('more grids');
});
