/** The rows of the table of records: pages after a cursor, and what arrives while they are read. */
import { computed, onScopeDispose, reactive, ref, shallowReactive, shallowRef } from 'vue';
import { api } from '@/api/client';
import type { RecordRow } from '@/api/types';
import { requestOf, type View } from './filter';
import { follow } from './live';
import { newestOf } from './newest';
import { usePages } from './pages';

export const PAGE_ROWS = 50;
/** What is asked for at once when phones brought something. */
const ARRIVED_ROWS = 100;

interface Counted {
  n: number;
  floor: boolean;
}

export function useTable(view: () => View, when: () => boolean = () => true) {
  /** What came while the rows were read. */
  const came = shallowRef<RecordRow[]>([]);
  /** How many came, also more than were asked for. */
  const cameIn = ref(0);
  /** Rows that came so and are shown, above the others. */
  const above = shallowRef<RecordRow[]>([]);
  /** What rows that are shown have become since. */
  const changed = shallowReactive(new Map<string, RecordRow>());
  /** Ids of rows that came or changed since the table was first shown. */
  const fresh = reactive(new Set<string>());
  /** How many there are now, when that was asked for after the table. */
  const counted = shallowRef<Counted | null>(null);
  let since = '';

  const { pages, ...table } = usePages({
    key: () => ['records', requestOf(view())],
    ask: async (cursor: string | undefined, asking) => {
      const conditions = requestOf(view());
      const at = cursor === undefined ? await newestOf(conditions, asking) : since;
      const query = { ...conditions, heads: true, limit: PAGE_ROWS, count: cursor ? undefined : true, cursor };
      const page = await api.get('/v1/records', { query, ...asking });
      if (cursor === undefined) begin(at);
      return { rows: page.records, next: page.next, total: page.total ?? null, floor: page.total_is_floor ?? false };
    },
    when,
  });
  function begin(at: string): void {
    came.value = [];
    cameIn.value = 0;
    above.value = [];
    changed.clear();
    fresh.clear();
    counted.value = null;
    since = at;
  }
  /** A row that moved between two pages is there once. */
  const rows = computed(() => {
    const all = new Map<string, RecordRow>();
    for (const row of [...above.value, ...pages.value.flatMap((page) => page.rows)])
      if (!all.has(row.record_id)) all.set(row.record_id, changed.get(row.record_id) ?? row);
    return [...all.values()];
  });
  const total = computed(() => {
    const { total: n = null, floor = false } = pages.value[0] ?? {};
    return counted.value ?? { n, floor };
  });
  /** What waits to be shown. A page that was loaded since may hold it already. */
  const waiting = computed(() => {
    const shown = new Set(rows.value.map((row) => row.record_id));
    return came.value.filter((row) => !shown.has(row.record_id));
  });
  const arrived = computed(() => cameIn.value - (came.value.length - waiting.value.length));

  /** Asks for what was received since; rows that are shown change where they stand, others wait to be shown. */
  async function catchUp(): Promise<void> {
    if (!table.loaded.value || table.busy.value) return;
    const [conditions, from] = [requestOf(view()), since];
    try {
      const [news, all] = await Promise.all([
        api.get('/v1/records', {
          query: {
            ...conditions,
            heads: true,
            received_from: from,
            limit: ARRIVED_ROWS,
            sort: '-received',
            count: true,
          },
          background: true,
        }),
        api.get('/v1/records', {
          query: { ...conditions, fields: undefined, count: true, limit: 1 },
          background: true,
        }),
      ]);
      // Loaded anew meanwhile, the table has it already.
      if (from !== since) return;
      const shown = new Map(rows.value.map((r) => [r.record_id, r]));
      for (const row of news.records) {
        const old = shown.get(row.record_id);
        if (!old || (old.received_at === row.received_at && JSON.stringify(old) === JSON.stringify(row))) continue;
        changed.set(row.record_id, row);
        fresh.add(row.record_id);
      }
      came.value = news.records;
      cameIn.value = Math.max(news.total ?? 0, news.records.length);
      counted.value = { n: all.total ?? 0, floor: all.total_is_floor ?? false };
    } catch {
      // The live line shows a lost connection; the next notice asks again.
    }
  }

  async function showArrived(): Promise<void> {
    // More than were asked for cannot be put above the others: they come in their places.
    if (arrived.value > waiting.value.length) return table.load();
    for (const row of waiting.value) fresh.add(row.record_id);
    above.value = [...waiting.value, ...above.value];
  }

  onScopeDispose(follow(() => void catchUp()));
  return { ...table, rows, total, arrived, fresh, showArrived };
}
