/** Handing work to a person: a task for the doer, and the matter it is about marked as dispatched. */
import { api } from '@/api/client';
import type { EditResult, RecordRow } from '@/api/types';
import { newRecordId } from '@/words/ids';

export interface Order { title: string; doer: string; issuer: string; dueAt: string; what: string; priority: string }

/** The ids of tasks already asked for, by matter: repeating what failed half-way makes nothing twice. */
export type Asked = Map<string, string>;

function taskFields(order: Order, matter?: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    title: order.title, doer: order.doer, issuer: order.issuer, due_at: order.dueAt, priority: order.priority,
  };
  if (order.what.trim() !== '') fields.description = order.what.trim();
  if (matter) fields.matter = matter;
  return fields;
}

export async function issueTask(grid: string, order: Order, asked: Asked, matter?: string): Promise<void> {
  const key = matter ?? '';
  const id = asked.get(key) ?? newRecordId();
  asked.set(key, id);
  await api.post<EditResult>('/v1/records', { grid, form: 'task', record_id: id, fields: taskFields(order, matter) });
}

export async function dispatchMatter(matter: RecordRow, order: Order, asked: Asked): Promise<void> {
  await issueTask(matter.grid, order, asked, matter.record_id);
  const path = `/v1/records/${matter.record_id}`;
  const fields: Record<string, unknown> = { assignee: order.doer };
  if (!matter.due_at && !matter.fields?.due_at) fields.due_at = order.dueAt;
  await api.patch<EditResult>(path, { fields });
  await api.post<EditResult>(`${path}/transitions`, { action: 'dispatch', note: order.what.trim() });
}

export async function closeWithReply(matter: RecordRow, reply: string): Promise<void> {
  const path = `/v1/records/${matter.record_id}`;
  if (matter.status === 'handled') {
    await api.patch<EditResult>(path, { fields: { reply } });
    await api.post<EditResult>(`${path}/transitions`, { action: 'reply', note: '' });
  }
  await api.post<EditResult>(`${path}/transitions`, { action: 'close', note: '' });
}
