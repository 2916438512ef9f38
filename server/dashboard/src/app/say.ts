/** Words with the names and the language of the page: what templates call. */
import type { ApiProblem } from '@/api/problem';
import type { Field, FieldClass, Form, HistoryEntry, RecordRow } from '@/api/types';
import { t } from '@/messages';
import { historyWords, type OperationWords } from '@/words/operations';
import { ago, exactTime, localDay, localTime, shortDay, untilWords, withLocalTimes } from '@/words/times';
import { Unfinished } from '@/words/typed';
import { LEVEL_NAMES } from '@/words/levels';
import { stepsOf } from '@/words/meaning';
import { valueWords } from '@/words/values';
import { field, form as formOf, personName, titleOf } from './directory';
import { locale, said } from './locale';
import { recordTitle } from './rows';
import { may } from './session';

function sayer(): OperationWords {
  return {
    locale: locale.value,
    yes: t('app.yes'),
    no: t('app.no'),
    recordTitle,
    personName,
    t,
    fieldName: (form, key) => said(form?.fields.find((f) => f.key === key)?.label, key),
    actionName: (form, action) => said(stepsOf(form).find((s) => s.action === action)?.label, action),
  };
}

export const value = (form: string, key: string, of: unknown): string => valueWords(field(form, key), of, sayer());
/** Of a member of a group, which is no field of a form by itself. */
export const valueOf = (member: Field, of: unknown): string => valueWords(member, of, sayer());
export const history = (form: Form | undefined, entries: HistoryEntry[]): string[][] =>
  historyWords(form, entries, sayer());
/** What was counted in several goes, as one. */
export const counting = (form: Form | undefined, field: string, by: number): string =>
  t('words.count', { field: sayer().fieldName(form, field), by });
const FIELDS_NAMED = 4;
/** The first few of some fields by name. */
export function fieldsIn(form: Form | undefined, keys: string[]): string {
  const names = keys.slice(0, FIELDS_NAMED).map((key) => sayer().fieldName(form, key));
  const more = keys.length > FIELDS_NAMED ? (locale.value === 'en' ? ' …' : '等') : '';
  return names.join(locale.value === 'en' ? ', ' : '、') + more;
}
export const time = (text: string | null | undefined): string => localTime(text, locale.value);
/** Until when something is to be done. */
export const until = (text: string | null | undefined): string => untilWords(text, locale.value);
export const exactly = (text: string): string => exactTime(text, locale.value);
export const day = (text: string): string => localDay(text, locale.value);
export const dayOfPlot = (text: string): string => shortDay(text, locale.value);
/** A sentence of the server, with its times as the page shows times. */
export const sentence = (text: string): string => withLocalTimes(text, locale.value);
export const since = (text: string, now = Date.now()): string => ago(text, locale.value, now);
export const count = (n: number): string => new Intl.NumberFormat(locale.value).format(n);

/** Why what is typed cannot be sent; empty when it can. */
export const unfinishedWords = (of: unknown): string =>
  of instanceof Unfinished ? t(`typed.${of.why}`, { bound: of.bound }) : '';

/** What happened, for people: the server's sentence, or the page's own where no server answered. */
export function problemWords(problem: ApiProblem): string {
  const own = {
    held: 'problem.held',
    offline: 'problem.offline',
    unreadable: 'problem.unreadable',
    page: 'problem.page',
  } as const;
  if (problem.code in own) return t(own[problem.code as keyof typeof own]);
  const wait = problem.retryAfterS ? ` ${t('problem.wait', { n: problem.retryAfterS })}` : '';
  return sentence(problem.message) + wait;
}
/** A level of an organisation's own is its own word. */
export function levelName(level: string): string {
  const key = LEVEL_NAMES[level];
  return key ? t(key) : level;
}
export const recordPlace = (at: { lon: number; lat: number }): string => `${at.lat.toFixed(4)}, ${at.lon.toFixed(4)}`;

/** What a record is called; without a title it says whether there is none or none to be read. `classes` are those the server let be read. */
export function nameOf(row: Pick<RecordRow, 'title' | 'form'>, classes?: FieldClass[]): string {
  const named = titleOf(row.title, row.form);
  if (named !== '') return named;
  const form = formOf(row.form);
  const of = form?.fields.find((f) => f.key === form.title)?.class ?? form?.class ?? 'general';
  const readable = classes ? classes.includes(of) : of === 'general' || may.readPersonal.value;
  return t(readable ? 'records.noTitle' : 'records.untitled');
}
