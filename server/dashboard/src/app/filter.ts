/** Which records a page shows: one set of conditions, in the address, in saved views and in requests alike. */
import type { LocationQuery } from 'vue-router';
import type { RecordQuery } from '@/api/types';
import { fieldFor } from '@/words/meaning';
import { FIELDS_MOST } from '@/words/telling';
import { form as formOf } from './directory';
import { besideKeys } from './rows';

export const CONDITIONS = [
  'form',
  'means',
  'area',
  'status',
  'text',
  'from',
  'until',
  'received_from',
  'by_others',
  'conflict',
  'late',
  'deleted',
  'overdue',
  'unacknowledged',
  'step',
  'step_by',
  'assignee',
  'household',
  'not_visited_days',
  'within',
  'bbox',
  'happened_from',
  'happened_until',
  'closed_from',
  'closed_until',
  'due_from',
  'due_before',
  'values',
  'counts_as',
  'as_of',
  'visited_from',
  'visited_until',
  'open',
  'past_retention',
] as const satisfies (keyof RecordQuery)[];
export type Condition = (typeof CONDITIONS)[number];
export type Filter = Partial<Record<Condition, string>>;

/** The columns that every form has; others are fields of the form that is chosen, as `f.key`. */
export const COLUMNS = ['form', 'grid', 'status', 'due', 'captured', 'changed', 'received'] as const;
const USUAL_COLUMNS = ['form', 'grid', 'status', 'changed'];
export function usualColumns(code = ''): string[] {
  const form = formOf(code);
  const [household, happened] = [fieldFor(form, 'household'), fieldFor(form, 'happened')];
  // What tells the records of a form from each other, where their titles are among a few.
  if (household && happened && form?.fields.find((f) => f.key === form.title)?.choices)
    return ['form', 'grid', `f.${household.key}`, `f.${happened.key}`, 'changed'];
  return [...USUAL_COLUMNS];
}
export const SORTABLE: Record<string, string> = {
  title: 'title',
  status: 'status',
  due: 'due',
  captured: 'captured',
  changed: 'changed',
  received: 'received',
};
export const USUAL_SORT = '-changed';

export interface View {
  filter: Filter;
  columns: string[];
  sort: string;
}

const one = (of: LocationQuery[string] | undefined): string => (Array.isArray(of) ? of[0] : of) ?? '';

export function viewOf(query: LocationQuery): View {
  const filter: Filter = {};
  for (const key of CONDITIONS) {
    const wanted = one(query[key]);
    if (wanted !== '') filter[key] = wanted;
  }
  const columns = one(query.columns);
  return {
    filter,
    columns: columns === '' ? usualColumns(filter.form) : columns.split(',').filter((c) => c !== '-'),
    sort: one(query.sort) || USUAL_SORT,
  };
}

export function addressOf(view: View): Record<string, string> {
  const address: Record<string, string> = {};
  for (const key of CONDITIONS) {
    const wanted = view.filter[key];
    if (wanted) address[key] = wanted;
  }
  const columns = view.columns.join(',');
  if (columns !== usualColumns(view.filter.form).join(',')) address.columns = columns || '-';
  if (view.sort !== USUAL_SORT) address.sort = view.sort;
  return address;
}

/** The same view under other conditions. Fields of one form mean nothing in another; usual columns stay the usual ones. */
export function refiltered(view: View, filter: Filter): View {
  if (filter.form === view.filter.form) return { ...view, filter };
  const usual = view.columns.join(',') === usualColumns(view.filter.form).join(',');
  return {
    ...view,
    filter,
    columns: usual ? usualColumns(filter.form) : view.columns.filter((c) => !c.startsWith('f.')),
  };
}

/** Fields of forms among the columns. */
export const fieldColumns = (view: View): string[] =>
  view.columns.filter((c) => c.startsWith('f.')).map((c) => c.slice(2));

const flag = (text: string | undefined): boolean | undefined => (text === undefined ? undefined : text === 'true');

/** The conditions as the API takes them; an address has only texts. */
export function conditionsOf(filter: Filter): Pick<RecordQuery, Condition> {
  return {
    ...filter,
    conflict: flag(filter.conflict),
    late: flag(filter.late),
    deleted: flag(filter.deleted),
    unacknowledged: flag(filter.unacknowledged),
    open: flag(filter.open),
    by_others: flag(filter.by_others),
    past_retention: flag(filter.past_retention),
    not_visited_days: filter.not_visited_days === undefined ? undefined : Number(filter.not_visited_days),
  };
}

/** What the table asks for: its columns, and what stands beside the titles. */
export function requestOf(view: View): RecordQuery {
  const fields = [...new Set([...fieldColumns(view), ...besideKeys()])].slice(0, FIELDS_MOST);
  return { ...conditionsOf(view.filter), sort: view.sort, fields: fields.join(','), made_by: true };
}

const EXPORTED: Record<string, string> = {
  form: 'form',
  grid: 'grid',
  status: 'status',
  due: 'due_at',
  captured: 'captured_at',
  changed: 'changed_at',
  received: 'received_at',
};
/** The columns of a file that holds what the table shows. */
export const exportedColumns = (view: View): string[] => [
  'title',
  ...view.columns.filter((c) => !(c === 'form' && view.filter.form)).flatMap((c) => EXPORTED[c] ?? []),
];
