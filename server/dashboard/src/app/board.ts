/** The columns of a board: for each status its first records and how many there are. */
import { onScopeDispose, reactive, ref, shallowRef } from 'vue';
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { RecordPage, RecordRow } from '@/api/types';
import type { Filter } from './filter';
import { follow } from './live';

export const COLUMN_ROWS = 30;
export interface Column { status: string; rows: RecordRow[]; total: number | null; floor: boolean; more: boolean }

export function useBoard(filter: () => Filter, statuses: () => string[], fields: string) {
  const columns = shallowRef<Column[]>([]);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  const loaded = ref(false);
  const fresh = reactive(new Set<string>());
  let under: AbortController | null = null;

  /** Loads all columns; `quiet` keeps what is read where it stands and puts what is new behind it, marked. */
  async function load(quiet = false): Promise<void> {
    under?.abort();
    const mine = new AbortController();
    under = mine;
    if (!quiet) busy.value = true;
    try {
      const known = new Map(columns.value.map((c) => [c.status, c]));
      const next = await Promise.all(statuses().map(async (status): Promise<Column> => {
        const query = { ...filter(), status, sort: filter().overdue ? 'due' : '-changed', limit: COLUMN_ROWS, count: true, fields };
        const page = quiet ? await api.quietly<RecordPage>('/v1/records', query) : await api.get<RecordPage>('/v1/records', query, mine.signal);
        const before = known.get(status);
        const rows = quiet && before ? settle(before.rows, page.records, fresh) : page.records;
        return { status, rows, total: page.total ?? null, floor: page.total_is_floor ?? false, more: Boolean(page.next) };
      }));
      if (under !== mine) return;
      if (!quiet) fresh.clear();
      columns.value = next;
      problem.value = null;
      loaded.value = true;
    } catch (thrown) {
      if (under !== mine || mine.signal.aborted) return;
      if (!quiet) problem.value = ApiProblem.from(thrown);
    } finally {
      if (under === mine) busy.value = false;
    }
  }
  onScopeDispose(() => under?.abort());
  onScopeDispose(follow(() => {
    if (loaded.value) void load(true);
  }));
  return { columns, problem, busy, loaded, fresh, load };
}

/** The new rows in the order of the old ones, what came since behind them. */
export function settle(old: RecordRow[], now: RecordRow[], fresh: Set<string>): RecordRow[] {
  const by = new Map(now.map((r) => [r.record_id, r]));
  const kept: RecordRow[] = [];
  for (const row of old) {
    const newer = by.get(row.record_id);
    if (!newer) continue;
    if (newer.received_at !== row.received_at) fresh.add(row.record_id);
    kept.push(newer);
    by.delete(row.record_id);
  }
  for (const row of by.values()) fresh.add(row.record_id);
  return [...kept, ...by.values()];
}
