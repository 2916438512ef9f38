/**
 * How a record looks on the map: a colour and a sign, by what its form says it is or by how far its work is. The colours
 * differ in lightness and in blue against yellow, so that they are told apart whatever colours somebody sees; the sign
 * says the same once more.
 */
import type { Form, FormMeaning, RecordRow } from '@/api/types';
import { stageOf } from './meaning';

export type Look = FormMeaning | 'other' | 'open' | 'overdue' | 'done' | 'closed' | 'none';
export type ColourBy = 'kind' | 'status';

export const COLOURS: Record<Look, string> = {
  household: '#0a5ea8',
  visit: '#007a5e',
  matter: '#a83c00',
  task: '#6f3a94',
  meeting: '#6b5900',
  other: '#3d4a5c',
  open: '#0a5ea8',
  overdue: '#a83c00',
  done: '#007a5e',
  closed: '#3d4a5c',
  none: '#6b5900',
};
export const KINDS: Look[] = ['household', 'visit', 'matter', 'task', 'meeting', 'other'];
export const STAGES: Look[] = ['overdue', 'open', 'done', 'closed', 'none'];

type Row = Pick<RecordRow, 'status' | 'due_at'>;

/** How far the work of a record is; `none` where there is none to be done. */
function stageLook(form: Form | undefined, row: Row, now: number): Look {
  if (!row.status || !form?.lifecycle) return 'none';
  const stage = stageOf(form, row.status);
  return stage === 'open' && Date.parse(row.due_at ?? '') < now ? 'overdue' : stage;
}
export const lookOf = (form: Form | undefined, row: Row, by: ColourBy, now: number): Look =>
  by === 'kind' ? (form?.means ?? 'other') : stageLook(form, row, now);
