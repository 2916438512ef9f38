/** The tasks that matters led to, and those of them on which somebody is still to do something. */
import { api } from '@/api/client';
import type { Form, RecordRow } from '@/api/types';
import { form as formOf, forms } from './directory';
import { aboutFields, formsThat, stageOf } from '@/words/meaning';

const MOST = 200;
/** Matters whose tasks are looked for at once. */
const MATTERS_MOST = 50;
/** Fields that are read of the tasks of a form. */
const shownOf = (form: Form) => aboutFields(form).map((f) => f.key);

export async function tasksOf(matter: string, asking: { signal?: AbortSignal; background?: boolean } = {}) {
  const fields = [...new Set(formsThat(forms.value, 'task').flatMap(shownOf))].join(',');
  const query = { about: matter, means: 'task', fields, sort: '-changed', limit: MOST };
  const { records } = await api.get('/v1/records', { query, ...asking });
  // What is about another matter is none of these.
  return records.filter((task) => aboutFields(formOf(task.form)).some((f) => task.fields?.[f.key] === matter));
}
export const openOf = (tasks: RecordRow[]): RecordRow[] =>
  tasks.filter((task) => task.status && stageOf(formOf(task.form), task.status) === 'open');

/** The open tasks of these matters, as far as they can be read. */
export async function openTasksOf(matters: RecordRow[]): Promise<RecordRow[]> {
  const all = matters.filter((row) => formOf(row.form)?.means === 'matter').slice(0, MATTERS_MOST);
  const found = await Promise.all(all.map((row) => tasksOf(row.record_id).catch((): RecordRow[] => [])));
  return openOf(found.flat());
}
