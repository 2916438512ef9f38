/** The rows of the table of records: pages after a cursor, and what arrives while they are read. */
import { computed, onScopeDispose, reactive, shallowReactive, shallowRef } from 'vue';
import { api } from '@/api/client';
import type { RecordRow } from '@/api/types';
import { requestOf, type View } from './filter';
import { follow } from './live';
import { usePages } from './pages';

export const PAGE_ROWS = 50;
/** What is asked for at once when phones brought something. */
const ARRIVED_ROWS = 100;

export function useTable(view: () => View, when: () => boolean = () => true) {
  /** Rows that came while the others were read, not shown yet. */
  const arrived = shallowRef<RecordRow[]>([]);
  /** Rows that came so and are shown, above the others. */
  const above = shallowRef<RecordRow[]>([]);
  /** What rows that are shown have become since. */
  const changed = shallowReactive(new Map<string, RecordRow>());
  /** Ids of rows that came or changed since the table was first shown. */
  const fresh = reactive(new Set<string>());
  let since = '';

  const { pages, ...table } = usePages({
    key: () => ['records', requestOf(view())],
    ask: async (cursor: string | undefined, asking) => {
      const asked = new Date().toISOString();
      const query = { ...requestOf(view()), heads: true, limit: PAGE_ROWS, count: cursor ? undefined : true, cursor };
      const page = await api.get('/v1/records', { query, ...asking });
      if (cursor === undefined) begin(newest(page.records, asked));
      return { rows: page.records, next: page.next, total: page.total ?? null, floor: page.total_is_floor ?? false };
    },
    when,
  });
  function begin(at: string): void {
    arrived.value = [];
    above.value = [];
    changed.clear();
    fresh.clear();
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
    return { n: n === null ? null : n + above.value.length, floor };
  });

  /** Asks for what was received since; rows that are shown change where they stand, others wait to be shown. */
  async function catchUp(): Promise<void> {
    if (!table.loaded.value || table.busy.value) return;
    const query = { ...requestOf(view()), heads: true, received_from: since, limit: ARRIVED_ROWS, sort: '-received' };
    const from = since;
    try {
      const page = await api.get('/v1/records', { query, background: true });
      // Loaded anew meanwhile, the table has it already.
      if (from !== since) return;
      const shown = new Map(rows.value.map((r) => [r.record_id, r]));
      for (const row of page.records) {
        const old = shown.get(row.record_id);
        if (!old || (old.received_at === row.received_at && JSON.stringify(old) === JSON.stringify(row))) continue;
        changed.set(row.record_id, row);
        fresh.add(row.record_id);
      }
      arrived.value = page.records.filter((row) => !shown.has(row.record_id));
    } catch {
      // The live line shows a lost connection; the next notice asks again.
    }
  }

  function showArrived(): void {
    for (const row of arrived.value) fresh.add(row.record_id);
    above.value = [...arrived.value, ...above.value];
    arrived.value = [];
  }

  onScopeDispose(follow(() => void catchUp()));
  return { ...table, rows, total, arrived, fresh, showArrived };
}

/** From when on something is new: the newest that is shown by the server's clock, else this page's clock. */
function newest(rows: RecordRow[], otherwise: string): string {
  let at = 0;
  for (const row of rows) at = Math.max(at, Date.parse(row.received_at ?? '') || 0);
  return at === 0 ? otherwise : new Date(at + 1).toISOString();
}
