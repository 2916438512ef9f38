/** The language of the page: what was chosen last, else what the browser asks for, else Chinese. */
import { ref } from 'vue';
import type { Label, Locale } from '@/api/types';

const KEPT = 'gridfold.language';

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
}

/** A label of a form or the catalogue in the language of the page. */
export function said(label: Label | undefined, otherwise = ''): string {
  if (!label) return otherwise;
  return (locale.value === 'en' ? label.en || label.zh : label.zh || label.en) || otherwise;
}
