/** The rows of the table of records: pages after a cursor, and what arrives while they are read. */
import { onScopeDispose, reactive, ref, shallowRef } from 'vue';
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { RecordRow } from '@/api/types';
import { requestOf, type View } from './filter';
import { follow } from './live';

export const PAGE_ROWS = 50;
/** What is asked for at once when phones brought something. */
const ARRIVED_ROWS = 100;

export function useTable(view: () => View) {
  const rows = shallowRef<RecordRow[]>([]);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  const loaded = ref(false);
  const next = ref<string | null>(null);
  const total = reactive({ n: null as number | null, floor: false });
  /** Rows that came while the others were read, not shown yet. */
  const arrived = shallowRef<RecordRow[]>([]);
  /** Ids of rows that came or changed since the table was first shown. */
  const fresh = reactive(new Set<string>());
  let since = '';
  let under: AbortController | null = null;

  async function load(more = false): Promise<void> {
    under?.abort();
    const mine = new AbortController();
    under = mine;
    busy.value = true;
    try {
      const query = {
        ...requestOf(view()),
        heads: true,
        limit: PAGE_ROWS,
        count: more ? undefined : true,
        cursor: more ? (next.value ?? undefined) : undefined,
      };
      const asked = new Date().toISOString();
      const page = await api.get('/v1/records', { query, signal: mine.signal });
      if (under !== mine) return;
      if (more) {
        const known = new Set(rows.value.map((r) => r.record_id));
        rows.value = [...rows.value, ...page.records.filter((r) => !known.has(r.record_id))];
      } else {
        rows.value = page.records;
        arrived.value = [];
        fresh.clear();
        since = newest(page.records, asked);
        total.n = page.total ?? null;
        total.floor = page.total_is_floor ?? false;
      }
      next.value = page.next ?? null;
      problem.value = null;
      loaded.value = true;
    } catch (thrown) {
      if (under !== mine || mine.signal.aborted) return;
      problem.value = ApiProblem.from(thrown);
    } finally {
      if (under === mine) busy.value = false;
    }
  }

  /** Asks for what was received since; rows that are shown change where they stand, others wait to be shown. */
  async function catchUp(): Promise<void> {
    if (!loaded.value || busy.value) return;
    const query = { ...requestOf(view()), heads: true, received_from: since, limit: ARRIVED_ROWS, sort: '-received' };
    try {
      const page = await api.get('/v1/records', { query, background: true });
      const came = new Map(page.records.map((r) => [r.record_id, r]));
      const shown = new Map(rows.value.map((r) => [r.record_id, r]));
      let changed = false;
      for (const [id, row] of came) {
        const old = shown.get(id);
        if (!old) continue;
        came.delete(id);
        if (old.received_at !== row.received_at || JSON.stringify(old) !== JSON.stringify(row)) {
          shown.set(id, row);
          fresh.add(id);
          changed = true;
        }
      }
      if (changed) rows.value = rows.value.map((r) => shown.get(r.record_id) ?? r);
      arrived.value = [...came.values()];
    } catch {
      // The live line shows a lost connection; the next notice asks again.
    }
  }

  function showArrived(): void {
    for (const row of arrived.value) fresh.add(row.record_id);
    rows.value = [...arrived.value, ...rows.value];
    if (total.n !== null) total.n += arrived.value.length;
    arrived.value = [];
  }

  onScopeDispose(() => under?.abort());
  onScopeDispose(follow(() => void catchUp()));
  return { rows, problem, busy, loaded, next, total, arrived, fresh, load, catchUp, showArrived };
}

/** From when on something is new: the newest that is shown by the server's clock, else this page's clock. */
function newest(rows: RecordRow[], otherwise: string): string {
  let at = 0;
  for (const row of rows) at = Math.max(at, Date.parse(row.received_at ?? '') || 0);
  return at === 0 ? otherwise : new Date(at + 1).toISOString();
}
