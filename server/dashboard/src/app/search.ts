/** One search over everything: records by the server's search, people and areas by name, as far as they may be seen. */
import { computed } from 'vue';
import type { RouteLocationRaw } from 'vue-router';
import { api } from '@/api/client';
import type { Area, RecordRow, User } from '@/api/types';
import { loadForms, rememberAreas, rememberUsers } from './directory';
import { useTyped } from './pages';
import { useShown } from './query';
import { rememberRows, searchedKeys } from './rows';
import { may } from './session';

export type Hit =
  | { kind: 'record'; id: string; to: RouteLocationRaw; row: RecordRow }
  | { kind: 'person'; id: string; to: RouteLocationRaw; user: User }
  | { kind: 'area'; id: string; to: RouteLocationRaw; area: Area };

/** As many as fit on a screen; the lists have the rest. */
const RECORDS = 8;
const OTHERS = 5;

interface Found {
  records: RecordRow[];
  total: number;
  floor: boolean;
  users: User[];
  areas: Area[];
}

async function find(text: string, signal: AbortSignal): Promise<Found> {
  await loadForms().catch(() => undefined);
  const query = {
    text,
    fields: searchedKeys().join(','),
    made_by: true,
    sort: '-changed',
    limit: RECORDS,
    count: true,
  };
  const name = { name: text, limit: OTHERS };
  const [page, people, places] = await Promise.all([
    api.get('/v1/records', { query, signal }),
    // Their page is for those who manage people.
    may.supervise.value ? api.get('/v1/users', { query: name, signal }) : { users: [] },
    api.get('/v1/areas', { query: name, signal }),
  ]);
  rememberRows(page.records);
  rememberUsers(people.users);
  rememberAreas(places.areas);
  return {
    records: page.records,
    total: page.total ?? 0,
    floor: page.total_is_floor ?? false,
    users: people.users,
    areas: places.areas,
  };
}

export function useSearch() {
  const { text, paused, typed } = useTyped();
  const page = useShown({
    key: () => ['search', paused.value],
    ask: ({ signal }) => find(paused.value, signal),
    when: () => paused.value !== '',
  });
  const found = computed(() => (paused.value === '' ? null : page.current.value));
  const hits = computed<Hit[]>(() => {
    const { records = [], users = [], areas = [] } = found.value ?? {};
    return [
      ...records.map((row) => ({ kind: 'record' as const, id: row.record_id, to: `/records/${row.record_id}`, row })),
      ...users.map((user) => ({
        kind: 'person' as const,
        id: user.user_id,
        to: { path: '/administration/users', query: { name: user.name } },
        user,
      })),
      ...areas.map((area) => ({
        kind: 'area' as const,
        id: area.code,
        to: { path: '/', query: { area: area.code } },
        area,
      })),
    ];
  });
  return { text, paused, typed, found, hits, busy: page.busy, problem: page.problem };
}
