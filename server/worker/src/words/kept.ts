/** The language, kept where the service worker reads it too: a page's own storage is closed to it. */
import type { Locale } from '@/app/locale';

const CACHE = 'gridfold-said';
const NAME = '/m/language';

export async function keepLanguage(locale: Locale): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.put(NAME, new Response(locale));
}

/** Chinese, where nothing is kept. */
export async function keptLanguage(): Promise<Locale> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(NAME);
  return (await kept?.text()) === 'en' ? 'en' : 'zh-CN';
}
