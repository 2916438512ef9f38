/** Handing work to a person: a task for the doer, and the matter it is about marked as dispatched. */
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { RecordRow } from '@/api/types';
import { newRecordId } from '@/words/ids';

export interface Order {
  title: string;
  doer: string;
  issuer: string;
  dueAt: string;
  what: string;
  priority: string;
}

/** The ids of tasks already asked for, by matter: repeating what failed half-way makes nothing twice. */
export type Asked = Map<string, string>;

function taskFields(order: Order, matter?: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    title: order.title,
    doer: order.doer,
    issuer: order.issuer,
    due_at: order.dueAt,
    priority: order.priority,
  };
  if (order.what.trim() !== '') fields.description = order.what.trim();
  if (matter) fields.matter = matter;
  return fields;
}

export async function issueTask(grid: string, order: Order, asked: Asked, matter?: string): Promise<void> {
  const key = matter ?? '';
  const id = asked.get(key) ?? newRecordId();
  asked.set(key, id);
  const fields = taskFields(order, matter);
  try {
    await api.post('/v1/records', { body: { grid, form: 'task', record_id: id, fields } });
  } catch (thrown) {
    // Asked for before, and the order was changed since: the same task becomes what it says now.
    if (!(thrown instanceof ApiProblem && thrown.code === 'conflict')) throw thrown;
    await api.patch('/v1/records/{record_id}', { path: { record_id: id }, body: { fields } });
  }
}

/** A matter as it was read. */
const at = (matter: RecordRow) => ({ path: { record_id: matter.record_id }, base: matter.heads });

export async function dispatchMatter(matter: RecordRow, order: Order, asked: Asked): Promise<void> {
  await issueTask(matter.grid, order, asked, matter.record_id);
  const fields: Record<string, unknown> = { assignee: order.doer };
  if (!matter.due_at && !matter.fields?.due_at) fields.due_at = order.dueAt;
  const operations = [{ op: 'transition', action: 'dispatch', note: order.what.trim() }];
  await api.patch('/v1/records/{record_id}', { ...at(matter), body: { fields, operations } });
}

export async function closeWithReply(matter: RecordRow, reply: string): Promise<void> {
  const step = (action: string) => ({ op: 'transition', action, note: '' });
  const edit =
    matter.status === 'handled'
      ? { fields: { reply }, operations: [step('reply'), step('close')] }
      : { operations: [step('close')] };
  await api.patch('/v1/records/{record_id}', { ...at(matter), body: edit });
}
