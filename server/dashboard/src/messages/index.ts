/** The one catalogue: every message as [Chinese, English], kept by page. */
import { createI18n } from 'vue-i18n';
import { locale } from '@/app/locale';
import administration from './administration';
import attention from './attention';
import calendar from './calendar';
import course from './course';
import formDraft from './formDraft';
import imports from './imports';
import map from './map';
import merge from './merge';
import move from './move';
import overview from './overview';
import plans from './plans';
import record from './record';
import records from './records';
import redraw from './redraw';
import reports from './reports';
import shell from './shell';
import work from './work';
import { counted, marked } from '@/words/counted';

export const catalogue = {
  ...shell,
  ...overview,
  ...records,
  ...record,
  ...attention,
  ...work,
  ...map,
  ...imports,
  ...calendar,
  ...course,
  ...formDraft,
  ...merge,
  ...move,
  ...redraw,
  ...reports,
  ...plans,
  ...administration,
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

/** A message in the language of the page. */
export function t(key: Key, named: Record<string, string | number> = {}): string {
  return counted(i18n.global.t(key, named));
}
export const isKey = (key: string): key is Key => key in catalogue;
