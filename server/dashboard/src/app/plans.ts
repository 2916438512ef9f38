/** What a plan is in words, and who may do what with it. */
import type { Plan } from '@/api/types';
import type { Condition } from '@/api/refined';
import { t } from '@/messages';
import { asksOf, UNITS, type Ask } from '@/words/plans';
import { areaPath, fieldName, form as formOf, formName, isWithin } from './directory';
import { count, day, value } from './say';
import { areasAs } from './standing';

/** The areas in which one publishes plans and makes their tasks; null for everywhere. */
export const areasToPlan = (): string[] | null => areasAs('supervisor', 'admin');
/** Whether plans that hold there are one's to change: one that holds everywhere is for who is admin everywhere. */
export const mayChange = (area: string | undefined): boolean =>
  area === undefined ? areasAs('admin') === null : isWithin(area, areasToPlan());
/** Whether there are grids of a plan whose tasks one may make: its area lies in one's own, or the other way round. */
export function mayMake(area: string | undefined): boolean {
  const own = areasToPlan();
  if (own === null || area === undefined) return own === null || own.length > 0;
  return isWithin(area, own) || own.some((each) => isWithin(each, [area]));
}

export function often({ amount, unit }: Plan['every']): string {
  const words = UNITS[unit];
  if (!words) return unit;
  return amount === 1 ? t(words.one) : t(words.many, { n: count(amount) });
}
export const planArea = (plan: Plan): string => (plan.area ? areaPath(plan.area) : t('plans.everywhere'));

function askWords(form: string, { field, how, values }: Ask): string {
  const of = fieldName(form, field);
  if (how === 'given') return t('plans.askGiven', { field: of });
  if (how === 'absent') return t('plans.askAbsent', { field: of });
  const many = formOf(form)?.fields.find((f) => f.key === field)?.type === 'choose_many';
  const said = values.map((each) => value(form, field, many ? [each] : each)).join(t('plans.or'));
  return t(how === 'is' ? 'plans.ask' : 'plans.askNot', { field: of, values: said });
}
function conditionWords(form: string, condition: unknown): string {
  const asks = asksOf(condition as Condition | undefined);
  return asks === null ? t('plans.askOwn') : asks.map((ask) => askWords(form, ask)).join(t('overview.between'));
}
/** What a plan is about. */
export function aboutWords(plan: Plan): string {
  if (!plan.about) return plan.stops?.length ? t('plans.route', { n: count(plan.stops.length) }) : t('plans.grid');
  const form = formName(plan.about);
  const asks = conditionWords(plan.about, plan.only);
  return asks === '' ? t('plans.allOf', { form }) : t('plans.someOf', { form, asks });
}
/** What counts as having done it, besides its task. */
export function doneWords(plan: Plan): string {
  if (!plan.done_by) return '';
  const form = formName(plan.done_by);
  const asks = conditionWords(plan.done_by, plan.done_if);
  return asks === '' ? t('plans.doneBy', { form }) : t('plans.doneBySome', { form, asks });
}
/** The days of a period, or the one that it has. */
export function periodDays(from: string, to: string): string {
  return from === to ? day(from) : t('plans.days', { from: day(from), to: day(to) });
}
