/** From when on something is new: after the newest that the server had when it was asked, by its own clock. */
import { api } from '@/api/client';
import type { RecordQuery } from '@/api/types';
import type { Asking } from './query';

/**
 * Asked before what is shown: what comes between the two is told as new, and not lost. A page in another order than
 * that of receiving does not hold the newest, so it cannot say this.
 */
export async function newestOf(conditions: RecordQuery, asking: Asking): Promise<string> {
  const query = { ...conditions, fields: undefined, sort: '-received', limit: 1 };
  const { records } = await api.get('/v1/records', { query, ...asking });
  const at = Date.parse(records[0]?.received_at ?? '');
  // Of nothing everything that comes is new, as far back as the conditions go.
  const since = Date.parse(conditions.received_from ?? '') || 0;
  return new Date(Number.isNaN(at) ? since : Math.max(since, at + 1)).toISOString();
}

export const isSince = (row: { received_at?: string | null }, since: string): boolean =>
  Date.parse(row.received_at ?? '') >= Date.parse(since);
