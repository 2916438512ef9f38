/** What a template can count of a form, and how numbers of a report are said. */
import type { Field, Form, ReportCell } from '@/api/types';
import type { Key } from '@/messages';
import { fieldFor, kindField } from './meaning';

export const PERIODS = [
  'today',
  'yesterday',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
  'this_quarter',
  'last_quarter',
  'this_year',
  'last_year',
  'last_30_days',
  'last_90_days',
  'last_365_days',
] as const;
export const UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export const MEASURES = [
  'count',
  'closed',
  'on_time',
  'in_grid',
  'response',
  'handling',
  'satisfaction',
  'coverage',
] as const;
export type Measure = (typeof MEASURES)[number];

/** The fields of a form that reports group by, as the server has them: choices, yes or no, the kind and who answers for it. */
export function groupFields(form: Form | undefined): Field[] {
  const texts = [kindField(form)?.key, fieldFor(form, 'accountable')?.key];
  const fits = (field: Field) =>
    ['choose_one', 'choose_many', 'boolean'].includes(field.type) ||
    (field.type === 'text' && texts.includes(field.key));
  return form?.fields.filter(fits) ?? [];
}

/** The measures that a form has something for. */
export function measuresOf(form: Form | undefined): Measure[] {
  const isWork = Boolean(form?.lifecycle);
  const fits: Record<Measure, boolean> = {
    count: true,
    closed: isWork,
    on_time: isWork && fieldFor(form, 'due') !== undefined,
    in_grid: isWork,
    response: isWork,
    handling: isWork,
    satisfaction: form?.fields.some((field) => (field.means as string | undefined) === 'satisfaction') ?? false,
    coverage: form?.means === 'household',
  };
  return MEASURES.filter((measure) => fits[measure]);
}

/** The times by which records of a form may belong to a period. */
export function timesOf(form: Form | undefined): [string, Key][] {
  const stands = form?.means === 'household';
  const out: [string, Key][] = [['', 'reports.byUsual']];
  if (!stands && form?.means !== 'task') out.push(['happened', 'reports.byHappened']);
  if (form?.lifecycle) out.push(['closed', 'reports.byClosed']);
  if (fieldFor(form, 'due')) out.push(['due', 'reports.byDue']);
  return out;
}

const DAY_HOURS = 24;
/** A number of a report in words; a dash where there is nothing to count. */
export function cellWords(
  cell: ReportCell,
  unit: string,
  locale: string,
  t: (key: Key, named: Record<string, string | number>) => string,
): string {
  if (cell.value === null || cell.value === undefined) return '–';
  const say = (n: number, digits: number) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(n);
  if (unit === 'share') {
    return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(cell.value);
  }
  if (unit === 'hours') return hoursWords(cell.value, say, t);
  return say(cell.value, unit === 'points' ? 1 : 0);
}
export function hoursWords(
  hours: number,
  say: (n: number, digits: number) => string,
  t: (key: Key, named: Record<string, string | number>) => string,
): string {
  return hours < 2 * DAY_HOURS
    ? t('reports.hours', { n: say(hours, 1) })
    : t('reports.nDays', { n: say(hours / DAY_HOURS, 1) });
}

/** The query of a number as the address of the list of its records. */
export function recordsBehind(
  query: string,
  columns: readonly string[],
): { path: string; query: Record<string, string> } {
  const words = Object.fromEntries(new URLSearchParams(query));
  if (columns.length > 0) words.columns = columns.join(',');
  return { path: '/records', query: words };
}
