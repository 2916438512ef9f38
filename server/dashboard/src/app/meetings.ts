/** The meetings that spoke about a wish, and what they resolved: read by what forms say, never by a name. */
import { api } from '@/api/client';
import type { Field, Form, RecordRow } from '@/api/types';
import { form as formOf } from './directory';
import { aboutFields } from '@/words/meaning';
import type { Values } from '@/words/entering';

/** Of one wish there are few. */
const MOST = 20;

export interface Meeting {
  record: RecordRow;
  resolutions: Values[];
}

/** The group of a meeting's form whose items name the work that follows. */
export function resolutionsField(form: Form | undefined): Field | undefined {
  const works = (member: Field) => member.type === 'reference' && formOf(member.form ?? '')?.means === 'task';
  return form?.fields.find((f) => f.type === 'group' && f.members?.some(works));
}
export const taskMember = (group: Field | undefined): Field | undefined =>
  group?.members?.find((m) => m.type === 'reference' && formOf(m.form ?? '')?.means === 'task');

export function resolutionsOf(record: RecordRow): Values[] {
  const items = record.fields?.[resolutionsField(formOf(record.form))?.key ?? ''];
  return Array.isArray(items) ? (items as Values[]) : [];
}

/** Meetings about a record, the first held first. */
export async function meetingsAbout(id: string, asking: { signal?: AbortSignal }): Promise<Meeting[]> {
  const query = { about: id, means: 'meeting', sort: 'captured', limit: MOST };
  const { records } = await api.get('/v1/records', { query, ...asking });
  const whole = await Promise.all(
    records.map((row) => api.get('/v1/records/{record_id}', { path: { record_id: row.record_id }, ...asking })),
  );
  const isAbout = (row: RecordRow) => aboutFields(formOf(row.form)).some((f) => row.fields?.[f.key] === id);
  return whole.filter(isAbout).map((record) => ({ record, resolutions: resolutionsOf(record) }));
}

/** The tasks that resolutions name, by their ids, with what was done. */
export async function tasksNamed(ids: string[], asking: { signal?: AbortSignal }): Promise<Map<string, RecordRow>> {
  if (!ids.length) return new Map();
  const query = { id: ids.join(','), limit: ids.length };
  const { records } = await api.get('/v1/records', { query, ...asking });
  return new Map(records.map((row) => [row.record_id, row]));
}
