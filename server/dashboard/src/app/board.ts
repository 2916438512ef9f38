/** The columns of a board: for each status its first records and how many there are. */
import { onScopeDispose, reactive, ref, shallowRef } from 'vue';
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { RecordPage, RecordRow } from '@/api/types';
import { conditionsOf, type Filter } from './filter';
import { follow } from './live';
import { tellProblem } from './tell';

/** Cards of a column that are loaded at once. */
export const COLUMN_ROWS = 50;
/** Cards a column shows at most: what the server gives in one answer, so that a column can be brought up to date at once. */
export const COLUMN_MOST = 500;
export interface Column {
  status: string;
  rows: RecordRow[];
  total: number | null;
  floor: boolean;
  next: string | null;
}

export function useBoard(filter: () => Filter, statuses: () => string[], fields: string) {
  const columns = shallowRef<Column[]>([]);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  const loaded = ref(false);
  const fresh = reactive(new Set<string>());
  /** The status of the column that is being extended. */
  const loadingMore = ref('');
  let under: AbortController | null = null;

  const asked = (status: string) => ({
    ...conditionsOf(filter()),
    status,
    sort: filter().overdue ? 'due' : '-changed',
    fields,
    heads: true,
  });

  /** Loads the cards of a column that follow those it shows. */
  async function more(status: string): Promise<void> {
    const column = columns.value.find((c) => c.status === status);
    if (!column?.next || loadingMore.value !== '') return;
    loadingMore.value = status;
    const board = under;
    try {
      const page = await api.get('/v1/records', {
        query: { ...asked(status), limit: COLUMN_ROWS, cursor: column.next },
      });
      // When the board was loaded anew meanwhile, what this follows is no longer shown.
      if (under === board) columns.value = columns.value.map((c) => (c.status === status ? extended(c, page) : c));
    } catch (thrown) {
      tellProblem(thrown);
    }
    loadingMore.value = '';
  }

  /** Loads all columns; `quiet` keeps what is read where it stands and puts what is new behind it, marked. */
  async function load(quiet = false): Promise<void> {
    under?.abort();
    const mine = new AbortController();
    under = mine;
    if (!quiet) busy.value = true;
    try {
      const known = new Map(columns.value.map((c) => [c.status, c]));
      const next = await Promise.all(
        statuses().map(async (status): Promise<Column> => {
          const limit = quiet
            ? Math.min(COLUMN_MOST, Math.max(COLUMN_ROWS, known.get(status)?.rows.length ?? 0))
            : COLUMN_ROWS;
          const query = { ...asked(status), limit, count: true };
          const page = await api.get('/v1/records', { query, background: quiet, signal: mine.signal });
          const before = known.get(status);
          const rows = quiet && before ? settle(before.rows, page.records, fresh) : page.records;
          return {
            status,
            rows,
            total: page.total ?? null,
            floor: page.total_is_floor ?? false,
            next: page.next ?? null,
          };
        }),
      );
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
  onScopeDispose(
    follow(() => {
      if (loaded.value) void load(true);
    }),
  );
  return { columns, problem, busy, loaded, fresh, loadingMore, load, more };
}

/** The column with what follows behind it; a card that moved between the two answers is there once. */
export function extended(column: Column, page: RecordPage): Column {
  const known = new Set(column.rows.map((r) => r.record_id));
  return {
    ...column,
    rows: [...column.rows, ...page.records.filter((r) => !known.has(r.record_id))],
    next: page.next ?? null,
  };
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
