/** What a person enters into a form: which fields are theirs to write, which are shown, what is empty. */
import type { Field, Form, Role } from '@/api/types';
import type { Condition } from '@/api/refined';
import { Unfinished } from './typed';

export type Values = Record<string, unknown>;

export const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.length === 0);

/** The types that have an input; what is counted is counted where it happens. */
const ENTERED = new Set([
  'text',
  'long_text',
  'integer',
  'decimal',
  'boolean',
  'date',
  'date_time',
  'choose_one',
  'choose_many',
  'geopoint',
  'reference',
  'person',
  'group',
]);
/** What is made with the record, and what whoever has its receipt says. */
const NOBODYS = new Set(['receipt', 'satisfaction', 'reopening']);
export const mayEnter = (field: Field, roles: readonly Role[]): boolean =>
  ENTERED.has(field.type) &&
  !NOBODYS.has(field.means ?? '') &&
  (!field.writable_by || field.writable_by.some((role) => roles.includes(role)));

/** What is told of work later, by whoever did it: nobody is asked for it where the work is reported. */
const LATER = new Set(['closed', 'reply', 'asked_due']);
/** Of a matter: who says so and how they are reached, which is held closer than the matter and is what a caller says first. */
const isCallers = (form: Form, field: Field): boolean =>
  form.means === 'matter' && form.class === 'general' && field.type === 'text' && field.class === 'personal';
/** The fields that are asked for when a record is made, in the order in which somebody is told them. */
export function askedAtFirst(form: Form, roles: readonly Role[]): Field[] {
  const asked = form.fields.filter((f) => mayEnter(f, roles) && !LATER.has(f.means ?? ''));
  return [...asked.filter((f) => isCallers(form, f)), ...asked.filter((f) => !isCallers(form, f))];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether a condition of a form holds, as the core's forms have it. One that is not known here hides nothing. */
export function holds(said: Condition | Record<string, unknown> | undefined, values: Values): boolean {
  if (!said) return true;
  // The description of the API leaves open what a newer server may say here.
  const condition = said as Condition;
  if ('equals' in condition) {
    const [key, wanted] = condition.equals;
    return same(values[String(key)], wanted);
  }
  if ('includes' in condition) {
    const [key, wanted] = condition.includes;
    const held = values[String(key)];
    return Array.isArray(held) && held.some((each) => same(each, wanted));
  }
  if ('present' in condition) return !isEmpty(values[condition.present]);
  if ('not' in condition) return !holds(condition.not, values);
  if ('all' in condition) return condition.all.every((each) => holds(each, values));
  if ('any' in condition) return condition.any.some((each) => holds(each, values));
  return true;
}

/** An item of a group without the members that nothing was entered in; none when that is all of them. */
function item(of: unknown): unknown {
  if (typeof of !== 'object' || of === null) return null;
  const kept = Object.entries(of).filter(([key, value]) => key !== 'key' && !isEmpty(value));
  return kept.length === 0 ? null : { key: (of as { key?: unknown }).key, ...Object.fromEntries(kept) };
}

/** The fields of a new record: what was entered in those that are shown. */
export function entered(fields: Field[], values: Values): Values {
  const shown = fields.filter((f) => holds(f.visible_if, values));
  const all = shown.map((f): [string, unknown] => {
    const value = values[f.key];
    return [f.key, f.type === 'group' && Array.isArray(value) ? value.map(item).filter((i) => i !== null) : value];
  });
  return Object.fromEntries(all.filter(([, value]) => !isEmpty(value)));
}

/** The fields that are not what they were. */
export const changedIn = (fields: Field[], before: Values, now: Values): Values =>
  Object.fromEntries(
    fields
      .filter(
        (f) => !same(before[f.key] ?? null, now[f.key] ?? null) && !(isEmpty(before[f.key]) && isEmpty(now[f.key])),
      )
      .map((f) => [f.key, now[f.key] ?? null]),
  );

/** What is typed and is no value yet, anywhere in a value. */
export function unfinishedIn(value: unknown): Unfinished | null {
  if (value instanceof Unfinished) return value;
  if (!Array.isArray(value)) return null;
  for (const each of value as unknown[]) {
    if (typeof each !== 'object' || each === null) continue;
    for (const member of Object.values(each)) if (member instanceof Unfinished) return member;
  }
  return null;
}
