/** Handing work to a person: a task for the doer, and the matter it is about marked as dispatched. A task goes to them itself. */
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { FieldMeaning, Fields, Form, RecordRow, Role, Transition } from '@/api/types';
import { newRecordId } from '@/words/ids';
import type { Person } from '@/words/person';
import { above, kindNamed } from '@/words/kinds';
import { aboutFields, closingWithReply, dispatchWay, fieldFor, formsThat, kindField, stageOf } from '@/words/meaning';
import { deadlineOf } from './deadlines';
import { form as formOf, forms } from './directory';
import { dueNow, kinds, loadKinds } from './kinds';
import { said } from './locale';
import { rolesAt } from './standing';

export interface Order {
  /** The form of the task. */
  form: string;
  title: string;
  doer: Person;
  issuer: Person;
  dueAt: string;
  what: string;
  priority: string;
}

/** The ids of tasks already asked for, by matter: repeating what failed half-way makes nothing twice. */
export type Asked = Map<string, string>;

/** The forms of tasks that can be handed out here: those that say whom to, until when and what. */
export const taskForms = (): Form[] =>
  formsThat(forms.value, 'task').filter((f) => f.title && fieldFor(f, 'doer') && fieldFor(f, 'due'));

/** The form of a task about a record of this form: the one that may refer to it, else the first. */
export function taskFormAbout(about: string | undefined): Form | undefined {
  const all = taskForms();
  return all.find((f) => aboutFields(f).some((field) => field.form === about)) ?? all[0];
}

type Placed = Pick<RecordRow, 'grid' | 'form' | 'status'>;
const OVERSEE: Role[] = ['supervisor', 'admin'];
/** The roles held where a record is, and not those held somewhere. */
export const rolesOf = (row: Pick<RecordRow, 'grid'>): Role[] => rolesAt(row.grid);
const oversees = (row: Placed): boolean => rolesOf(row).some((role) => OVERSEE.includes(role));

/** The steps by which a matter is dispatched from where it is, by those who may take them. */
export function wayToDoer(row: Placed): Transition[] | null {
  const may = (step: Transition) => step.roles.some((role) => rolesOf(row).includes(role));
  return dispatchWay(formOf(row.form), row.status ?? '', may);
}
/** Work that is a task already: another task for it would be done twice. */
export const isTask = (row: Pick<RecordRow, 'form'>): boolean => formOf(row.form)?.means === 'task';
/** Whether a task can go to somebody else: somebody is still to do it, by a step that hands it on or by its doer alone. */
function goesOn(row: Placed): boolean {
  const form = formOf(row.form);
  if (!fieldFor(form, 'doer')) return false;
  const steps = form?.lifecycle?.transitions ?? [];
  return steps.some((step) => step.means === 'dispatch')
    ? wayToDoer(row) !== null
    : stageOf(form, row.status ?? undefined) === 'open';
}
export const mayDispatch = (row: Placed): boolean =>
  oversees(row) && (isTask(row) ? goesOn(row) : taskForms().length > 0 && wayToDoer(row) !== null);
/** Whether a reply is still to be written, and closes the work. */
export const mayReply = (row: Placed): boolean =>
  oversees(row) && Boolean(closingWithReply(formOf(row.form), row.status ?? '', rolesOf(row))?.reply);

/** Until when a matter is to be done by the catalogue, and in what time that is. */
export interface CatalogueDue {
  at: string;
  kind: string;
  /** Absent where the catalogue was changed meanwhile. */
  within?: string;
  working?: boolean;
}
/** What the catalogue says of a matter, and nothing of a kind that it does not have. */
export async function catalogueDue(matter: RecordRow): Promise<CatalogueDue | null> {
  const form = formOf(matter.form);
  const [kind, happened] = [kindField(form), fieldFor(form, 'happened')];
  if (!kind) return null;
  // A list has only the fields that it shows.
  const [{ fields, captured_at: captured }] = await Promise.all([
    api.get('/v1/records/{record_id}', { path: { record_id: matter.record_id }, background: true }),
    loadKinds(),
  ]);
  const told = fields[happened?.key ?? ''];
  const named = kindNamed(kinds.value, fields[kind.key]);
  if (!named) return null;
  const urgency = fields[fieldFor(form, 'priority')?.key ?? ''];
  const due = await dueNow(named.code, urgency, typeof told === 'string' ? told : (captured ?? ''));
  if (!due) return null;
  return {
    at: due.due_at,
    kind: said(named.label, named.code),
    ...deadlineOf(named, urgency, above(kinds.value, named)),
  };
}

/** Values by the fields that are for them, as far as the form has such. */
function fieldsOf(form: Form | undefined, told: Partial<Record<FieldMeaning, string | Person>>): Fields {
  const all = Object.entries(told) as [FieldMeaning, string | Person][];
  const known = all.flatMap(([meaning, value]) => {
    const field = fieldFor(form, meaning);
    if (!field || value === '') return [];
    if (typeof value === 'string') return [[field.key, value] as const];
    // A form of an organisation's own may call its people by name.
    const { user_id, name } = value;
    return [[field.key, field.type === 'person' && user_id ? { user_id, name } : name] as const];
  });
  return Object.fromEntries(known);
}

function taskFields(form: Form, order: Order, matter?: RecordRow): Fields {
  const fields = fieldsOf(form, {
    doer: order.doer,
    issuer: order.issuer,
    due: order.dueAt,
    priority: order.priority,
    details: order.what.trim(),
  });
  if (form.title) fields[form.title] = order.title;
  const about = aboutFields(form).find((field) => field.form === matter?.form);
  if (about && matter) fields[about.key] = matter.record_id;
  return fields;
}

export async function issueTask(grid: string, order: Order, asked: Asked, matter?: RecordRow): Promise<void> {
  const key = matter?.record_id ?? '';
  const id = asked.get(key) ?? newRecordId();
  asked.set(key, id);
  const form = formOf(order.form);
  if (!form) throw new Error(`no form ${order.form}`);
  const fields = taskFields(form, order, matter);
  try {
    await api.post('/v1/records', { body: { grid, form: form.code, record_id: id, fields } });
  } catch (thrown) {
    // Asked for before, and the order was changed since: the same task becomes what it says now.
    if (!(thrown instanceof ApiProblem && thrown.code === 'conflict')) throw thrown;
    await api.patch('/v1/records/{record_id}', { path: { record_id: id }, body: { fields } });
  }
}

/** A matter as it was read. */
const at = (matter: RecordRow) => ({ path: { record_id: matter.record_id }, base: matter.heads });

/** Hands on a task as it is: it has another doer, and a due time where one was given. */
export async function handOn(task: RecordRow, order: Pick<Order, 'doer' | 'dueAt' | 'what'>): Promise<void> {
  const fields = fieldsOf(formOf(task.form), { doer: order.doer, due: order.dueAt });
  const operations = (wayToDoer(task) ?? []).map(({ action, means }) => ({
    op: 'transition',
    action,
    note: means === 'dispatch' ? order.what.trim() : '',
  }));
  await api.patch('/v1/records/{record_id}', { ...at(task), body: { fields, operations } });
}

export async function dispatchMatter(matter: RecordRow, order: Order, asked: Asked): Promise<void> {
  await issueTask(matter.grid, order, asked, matter);
  const form = formOf(matter.form);
  const due = fieldFor(form, 'due');
  const hasDue = matter.due_at || (due && matter.fields?.[due.key]);
  const fields = fieldsOf(form, { doer: order.doer, due: hasDue ? '' : order.dueAt });
  const way = wayToDoer(matter) ?? [];
  const operations = way.map(({ action, means }) => ({
    op: 'transition',
    action,
    note: means === 'dispatch' ? order.what.trim() : '',
  }));
  await api.patch('/v1/records/{record_id}', { ...at(matter), body: { fields, operations } });
}

export async function closeWithReply(matter: RecordRow, reply: string, roles: readonly string[]): Promise<void> {
  const closing = closingWithReply(formOf(matter.form), matter.status ?? '', roles);
  const operations = (closing?.actions ?? []).map((action) => ({ op: 'transition', action, note: '' }));
  const fields = closing?.reply ? { [closing.reply]: reply } : {};
  await api.patch('/v1/records/{record_id}', { ...at(matter), body: { fields, operations } });
}
