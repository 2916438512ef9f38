/** The one catalogue: every message as [Chinese, English], kept by page. */
import { createI18n } from 'vue-i18n';
import { locale } from '@/app/locale';
import { counted, marked } from '@/words/counted';
import account from './account';
import capture from './capture';
import enrol from './enrol';
import planned from './planned';
import push from './push';
import record from './record';
import shell from './shell';
import today from './today';

export const catalogue = {
  ...shell,
  ...enrol,
  ...today,
  ...planned,
  ...capture,
  ...record,
  ...account,
  ...push,
} as const;
export type Key = keyof typeof catalogue;

function only(which: 0 | 1): Record<string, string> {
  return Object.fromEntries(Object.entries(catalogue).map(([key, said]) => [key, marked(said[which])]));
}

export const i18n = createI18n({
  legacy: false,
  flatJson: true,
  locale: locale.value,
  fallbackLocale: 'en',
  messages: { 'zh-CN': only(0), en: only(1) },
});

/** A message in the language of the app. */
export function t(key: Key, named: Record<string, string | number> = {}): string {
  return counted(i18n.global.t(key, named));
}
