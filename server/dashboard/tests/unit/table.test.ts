import { effectScope } from 'vue';
import { beforeEach, expect, test, vi } from 'vitest';
import type { RecordQuery, RecordRow } from '@/api/types';
import type { Moved } from '@/app/live';

const followers = vi.hoisted(() => new Set<(moved: Moved[]) => void>());
vi.mock('@/app/live', () => ({
  follow: (follower: (moved: Moved[]) => void) => {
    followers.add(follower);
    return () => followers.delete(follower);
  },
}));
/** What the server holds, and answers as the API says. */
let held: RecordRow[] = [];
vi.mock('@/api/client', () => ({
  onSignedOut: () => undefined,
  onForbidden: () => undefined,
  api: {
    get: (_: string, { query }: { query: RecordQuery }) => {
      const from = Date.parse(query.received_from ?? '1970-01-01T00:00:00Z');
      const all = held.filter((row) => Date.parse(row.received_at ?? '') >= from);
      const by = query.sort === '-received' ? (row: RecordRow) => row.received_at ?? '' : (row: RecordRow) => row.title;
      all.sort((a, b) => by(a).localeCompare(by(b)));
      if (query.sort?.startsWith('-')) all.reverse();
      const records = all.slice(0, query.limit);
      return Promise.resolve({ records, total: query.count ? all.length : undefined, next: null });
    },
  },
}));
const { useTable } = await import('@/app/table');
const { queries } = await import('@/app/query');

const row = (title: string, minute: number): RecordRow =>
  ({ record_id: title, title, received_at: new Date(Date.UTC(2026, 5, 13, 8, minute)).toISOString() }) as RecordRow;
function open() {
  const made = effectScope().run(() => useTable(() => ({ filter: {}, columns: [], sort: 'title' })));
  if (!made) throw new Error('no scope');
  return made;
}
const settled = () => new Promise((done) => setTimeout(done, 20));
async function moved(): Promise<void> {
  for (const follower of followers) follower([{ grid: 'g', missed: false }]);
  await settled();
}
beforeEach(() => {
  queries.clear();
  // By name the last received stand last: none of the page is among the newest.
  held = Array.from({ length: 130 }, (_, i) => row(`m${String(i).padStart(3, '0')}`, i));
});

test('what is new is what came after the asking, in whatever order the table is', async () => {
  const table = open();
  await settled();
  expect([table.rows.value.length, table.total.value.n, table.arrived.value]).toEqual([50, 130, 0]);
  held.push(row('zz', 200));
  await moved();
  expect([table.arrived.value, table.total.value.n]).toEqual([1, 131]);
  await table.showArrived();
  expect([table.rows.value.length, table.rows.value[0]?.title]).toEqual([51, 'zz']);
  expect([[...table.fresh], table.arrived.value, table.total.value.n]).toEqual([['zz'], 0, 131]);
});

test('a row below the page that changes is shown as changed and counted once', async () => {
  const table = open();
  await settled();
  held[120] = row('m120', 201);
  await moved();
  expect([table.arrived.value, table.total.value.n]).toEqual([1, 130]);
});

test('what leaves the question leaves the count', async () => {
  const table = open();
  await settled();
  held = held.slice(0, 125);
  await moved();
  expect([table.arrived.value, table.total.value.n]).toEqual([0, 125]);
});

test('of nothing everything that comes is new; more than fit above come in their places', async () => {
  held = [];
  const table = open();
  await settled();
  held = Array.from({ length: 140 }, (_, i) => row(`n${i}`, i));
  await moved();
  expect([table.arrived.value, table.total.value.n]).toEqual([140, 140]);
  await table.showArrived();
  await settled();
  expect([table.rows.value.length, table.arrived.value, table.total.value.n]).toEqual([50, 0, 140]);
});
