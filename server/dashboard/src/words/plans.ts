/** Plans: which forms fit, conditions as rows of a form, and periods. What a plan comes to is the server's to reckon. */
import type { Field, Form, GridPlanned, Plan, PlannedCounts } from '@/api/types';
import type { Condition } from '@/api/refined';
import type { Key } from '@/messages';
import { fieldFor } from './meaning';

/** Units of how often, each with its words for one and for several, and with the most that the server takes. */
export const UNITS: Record<string, { one: Key; many: Key; pick: Key; most: number }> = {
  days: { one: 'plans.everyDay', many: 'plans.everyDays', pick: 'plans.unitDays', most: 3660 },
  weeks: { one: 'plans.everyWeek', many: 'plans.everyWeeks', pick: 'plans.unitWeeks', most: 522 },
  months: { one: 'plans.everyMonth', many: 'plans.everyMonths', pick: 'plans.unitMonths', most: 118 },
  times_a_year: { one: 'plans.onceAYear', many: 'plans.timesAYear', pick: 'plans.unitTimes', most: 52 },
};
export const DAYS_MOST = 3660;
export const isWhole = (text: string, most: number): boolean =>
  /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;

/** The field by which a form refers to records of another one, as sync-core's plan/made.rs finds it. */
export function referenceTo(form: Form | undefined, about: string): Field | undefined {
  const refers = (field: Field | undefined) => field?.type === 'reference' && field.form === about;
  const said = [fieldFor(form, 'household'), fieldFor(form, 'about')].find(refers);
  return said ?? form?.fields.find(refers);
}
/** The forms of tasks that a plan can make. */
export const formsToMake = (forms: Form[]): Form[] =>
  forms.filter((f) => f.means === 'task' && f.title && fieldFor(f, 'plan') && fieldFor(f, 'due'));
/** Whether such a task can hold the stops of a route. */
export const holdsStops = (form: Form | undefined): boolean => fieldFor(form, 'steps') !== undefined;
/** The forms whose records a plan can be about when it makes tasks of this one. */
export const formsAbout = (forms: Form[], makes: Form | undefined): Form[] =>
  forms.filter((f) => f.code !== makes?.code && referenceTo(makes, f.code) !== undefined);
/** The forms whose records count as having done what a plan is about. */
export const formsThatCount = (forms: Form[], about: string): Form[] =>
  forms.filter((f) => about !== '' && referenceTo(f, about) && fieldFor(f, 'happened'));

export type How = 'is' | 'isNot' | 'given' | 'absent';
/** One part of a condition: of the parts of one all have to hold. */
export interface Ask {
  field: string;
  how: How;
  /** Any of these; none for what is only given or absent. */
  values: unknown[];
}

type Leaf = { field: string; value: unknown } | null;
function leafOf(condition: Condition): Leaf {
  const pair = 'equals' in condition ? condition.equals : 'includes' in condition ? condition.includes : null;
  return pair && typeof pair[0] === 'string' ? { field: pair[0], value: pair[1] } : null;
}
function askOf(condition: Condition): Ask | null {
  if ('present' in condition) return { field: condition.present, how: 'given', values: [] };
  if ('not' in condition) {
    const inner = askOf(condition.not);
    if (inner?.how === 'is') return { ...inner, how: 'isNot' };
    return inner?.how === 'given' ? { ...inner, how: 'absent' } : null;
  }
  if ('all' in condition) return condition.all.length === 1 && condition.all[0] ? askOf(condition.all[0]) : null;
  const leaves = 'any' in condition ? condition.any.map(leafOf) : [leafOf(condition)];
  const field = leaves[0]?.field;
  if (field === undefined || leaves.some((leaf) => leaf?.field !== field)) return null;
  return { field, how: 'is', values: leaves.map((leaf) => leaf?.value) };
}
/** A condition as its parts; null for one that has another shape, as a program or a table may write it. */
export function asksOf(condition: Condition | undefined): Ask[] | null {
  if (condition === undefined) return [];
  const parts = 'all' in condition ? condition.all.map(askOf) : [askOf(condition)];
  return parts.every((part) => part !== null) ? parts : null;
}
export const isWholeAsk = (ask: Ask): boolean =>
  ask.field !== '' && (ask.how === 'given' || ask.how === 'absent' || ask.values.length > 0);

export function conditionOf(asks: Ask[], form: Form | undefined): Condition | undefined {
  const parts = asks.map(({ field, how, values }): Condition => {
    if (how === 'given') return { present: field };
    if (how === 'absent') return { not: { present: field } };
    const many = form?.fields.find((f) => f.key === field)?.type === 'choose_many';
    const leaves = values.map((value): Condition => (many ? { includes: [field, value] } : { equals: [field, value] }));
    const is: Condition = leaves.length === 1 && leaves[0] ? leaves[0] : { any: leaves };
    return how === 'isNot' ? { not: is } : is;
  });
  if (parts.length === 0) return undefined;
  return parts.length === 1 ? parts[0] : { all: parts };
}
/** The fields that a condition can ask for: those whose values are few. */
export const fieldsToAsk = (form: Form | undefined): Field[] =>
  form?.fields.filter((f) => ['choose_one', 'choose_many', 'boolean', 'integer', 'counter', 'text'].includes(f.type)) ??
  [];
/** What was typed as a value of a field; undefined of what is none. */
export function askedValue(field: Field, text: string): unknown {
  const typed = text.trim();
  if (field.type !== 'integer' && field.type !== 'counter') return typed === '' ? undefined : typed;
  return /^-?\d+$/.test(typed) ? Number(typed) : undefined;
}

/** What is not done, whether or not its time has passed. */
export const notDone = (of: PlannedCounts): number => of.due + of.overdue;
/** What needs somebody first: the most overdue, then the most that is not done. */
export const worstFirst = (grids: GridPlanned[]): GridPlanned[] =>
  [...grids].sort((a, b) => b.overdue - a.overdue || notDone(b) - notDone(a) || a.grid.localeCompare(b.grid));

const DAY_MS = 86_400_000;
/** Well inside the day before, also where clocks are put forward or back. */
const BEFORE_MS = 2 * 3_600_000;
const dayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;
/**
 * A moment in the period before; null of the first. Days are those of the working calendar's zone, of which only the due
 * time tells: the last second of the last day that it may take.
 */
export function momentBefore(
  plan: Pick<Plan, 'begins' | 'within_days'>,
  period: { from_day?: string | null; until_day?: string | null; due_at?: string | null },
): string | null {
  const { from_day: from, until_day: until, due_at: due } = period;
  if (!from || !until || !due || from <= plan.begins) return null;
  const length = dayNumber(until) - dayNumber(from) + 1;
  const taken = Math.min(plan.within_days ?? length, length);
  return new Date(Date.parse(due) + 1000 - taken * DAY_MS - BEFORE_MS).toISOString();
}

export interface StopDraft {
  name: string;
  lat: string;
  lon: string;
}
const E7 = 1e7;
const degrees = (text: string, most: number): number | undefined => {
  const value = Number(text.trim());
  return text.trim() !== '' && Number.isFinite(value) && Math.abs(value) <= most ? value : undefined;
};
export const stopsOf = (plan: Pick<Plan, 'stops'>): StopDraft[] =>
  (plan.stops ?? []).map(({ name, lat_e7: lat, lon_e7: lon }) => ({
    name,
    lat: lat === undefined ? '' : String(lat / E7),
    lon: lon === undefined ? '' : String(lon / E7),
  }));
/** The stops as they are published; null while one is none. */
export function stopsFrom(drafts: StopDraft[]): NonNullable<Plan['stops']> | null {
  const stops: NonNullable<Plan['stops']> = [];
  for (const { name, lat, lon } of drafts) {
    const [north, east] = [degrees(lat, 90), degrees(lon, 180)];
    const nowhere = lat.trim() === '' && lon.trim() === '';
    if (name.trim() === '' || (!nowhere && (north === undefined || east === undefined))) return null;
    const place =
      north === undefined || east === undefined
        ? {}
        : { lat_e7: Math.round(north * E7), lon_e7: Math.round(east * E7) };
    stops.push({ name: name.trim(), ...place });
  }
  return stops.length > 0 ? stops : null;
}

/** A code for a new plan: nobody has to think of one. */
export const newCode = (now = new Date(), random = Math.random()): string =>
  `plan-${now.toISOString().slice(0, 10).replaceAll('-', '')}-${Math.floor(random * 36 ** 4)
    .toString(36)
    .padStart(4, '0')}`;
export const isCode = (text: string): boolean => /^[A-Za-z0-9_.-]{1,64}$/.test(text);
