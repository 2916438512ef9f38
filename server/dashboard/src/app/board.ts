/** The columns of a board: for each status of a form its first records and how many there are. */
import { computed, reactive, ref } from 'vue';
import { api } from '@/api/client';
import type { RecordPage, RecordRow } from '@/api/types';
import { conditionsOf, type Filter } from './filter';
import { isSince, newestOf } from './newest';
import { inWords, queries, useShown, type Asking } from './query';
import { tellProblem } from './tell';

/** Cards of a column that are loaded at once. */
export const COLUMN_ROWS = 50;
/** Cards a column shows at most: what the server gives in one answer, so that a column can be brought up to date at once. */
export const COLUMN_MOST = 500;
/** Which records stand in a column. */
export interface Place {
  form: string;
  status: string;
}
export interface Column extends Place {
  rows: RecordRow[];
  total: number | null;
  floor: boolean;
  next: string | null;
}

interface Board {
  filter: Filter;
  places: Place[];
  /** Fields that the cards show. */
  fields: string;
}

export function useBoard(board: () => Board, when: () => boolean) {
  const fresh = reactive(new Set<string>());
  /** The column that is being extended. */
  const loadingMore = ref<Place | null>(null);
  /** What was received before is not new, however far down it stood. */
  let since = '';
  const key = () => ['board', board()];
  const shown = (): Column[] => queries.getQueryData<Column[]>(inWords(key())) ?? [];

  const asked = ({ form, status }: Place) => ({
    ...conditionsOf(board().filter),
    form,
    status,
    sort: board().filter.overdue ? 'due' : '-changed',
    fields: board().fields,
    heads: true,
    made_by: true,
  });

  /** One column; in the background what is read stays where it stands, and what is new comes behind it, marked. */
  async function load(place: Place, before: Column | undefined, asking: Asking): Promise<Column> {
    const few = Math.max(COLUMN_ROWS, before?.rows.length ?? 0);
    const limit = asking.background ? Math.min(COLUMN_MOST, few) : COLUMN_ROWS;
    const page = await api.get('/v1/records', { query: { ...asked(place), limit, count: true }, ...asking });
    const rows = asking.background && before ? settle(before.rows, page.records, fresh, since) : page.records;
    return { ...place, rows, total: page.total ?? null, floor: page.total_is_floor ?? false, next: page.next ?? null };
  }
  const loaded = useShown({
    key,
    ask: async (asking) => {
      const known = shown();
      const at = asking.background ? since : await newestOf(conditionsOf(board().filter), asking);
      const columns = await Promise.all(board().places.map((place) => load(place, known.find(isAt(place)), asking)));
      if (!asking.background) {
        fresh.clear();
        since = at;
      }
      return columns;
    },
    follows: () => true,
    when,
  });

  /** Loads the cards of a column that follow those it shows. */
  async function more(place: Place): Promise<void> {
    const column = shown().find(isAt(place));
    if (!column?.next || loadingMore.value) return;
    loadingMore.value = place;
    try {
      const query = { ...asked(place), limit: COLUMN_ROWS, cursor: column.next };
      const page = await api.get('/v1/records', { query });
      // When the column was loaded anew meanwhile, what this follows is no longer shown.
      if (shown().includes(column))
        queries.setQueryData(inWords(key()), (now?: Column[]) =>
          now?.map((c) => (c === column ? extended(c, page) : c)),
        );
    } catch (thrown) {
      tellProblem(thrown);
    }
    loadingMore.value = null;
  }
  return { ...loaded, columns: computed(() => loaded.data.value ?? []), fresh, loadingMore, more };
}

export const isAt =
  ({ form, status }: Place) =>
  (other: Place): boolean =>
    other.form === form && other.status === status;

/** The column with what follows behind it; a card that moved between the two answers is there once. */
export function extended(column: Column, page: RecordPage): Column {
  const known = new Set(column.rows.map((r) => r.record_id));
  return {
    ...column,
    rows: [...column.rows, ...page.records.filter((r) => !known.has(r.record_id))],
    next: page.next ?? null,
  };
}

/** The new rows in the order of the old ones, the others behind them; what came since is marked, and not what moved up. */
export function settle(old: RecordRow[], now: RecordRow[], fresh: Set<string>, since: string): RecordRow[] {
  const by = new Map(now.map((r) => [r.record_id, r]));
  const kept: RecordRow[] = [];
  for (const row of old) {
    const newer = by.get(row.record_id);
    if (!newer) continue;
    if (newer.received_at !== row.received_at) fresh.add(row.record_id);
    kept.push(newer);
    by.delete(row.record_id);
  }
  for (const row of by.values()) if (isSince(row, since)) fresh.add(row.record_id);
  return [...kept, ...by.values()];
}
