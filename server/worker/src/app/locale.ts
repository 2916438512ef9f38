/** The language of the app: what was chosen last, else what the browser asks for, else Chinese. */
import { ref } from 'vue';
import { keepLanguage } from '@/words/kept';

export type Locale = 'zh-CN' | 'en';
const KEPT = 'gridfold.worker.language';

function first(): Locale {
  // Unit tests have no page.
  if (typeof window === 'undefined') return 'zh-CN';
  const kept = localStorage.getItem(KEPT);
  if (kept === 'en' || kept === 'zh-CN') return kept;
  for (const wanted of navigator.languages) {
    if (wanted.startsWith('zh')) return 'zh-CN';
    if (wanted.startsWith('en')) return 'en';
  }
  return 'zh-CN';
}

export const locale = ref<Locale>(first());

export function choose(wanted: Locale): void {
  locale.value = wanted;
  localStorage.setItem(KEPT, wanted);
  document.documentElement.lang = wanted;
  // Where there are no caches, there is no service worker that says anything.
  void keepLanguage(wanted).catch(() => undefined);
}
