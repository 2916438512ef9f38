/** The queue of what waits for a person: pages of one kind or all, and what is put away from it. */
import { onScopeDispose, ref, shallowRef } from 'vue';
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { Attention, AttentionItem, AttentionKind } from '@/api/types';
import { follow } from './live';

/** What can be done with what waits. */
export type Act = 'adopt' | 'dismiss' | 'revoke' | 'settle';
export const KINDS: AttentionKind[] = ['conflict', 'refused', 'late', 'phone', 'upload'];
/** As many as the server gives at once, when all of a kind are asked for. */
const ALL_ROWS = 500;
export const keyOf = (item: AttentionItem): string => `${item.kind} ${item.id}`;
export const canPutAway = (item: AttentionItem): boolean => item.actions.includes('settle');
export interface Wanted {
  kind: AttentionKind | undefined;
  area: string;
}

export function useQueue(wanted: () => Wanted) {
  const counts = ref<Attention['counts'] | null>(null);
  const items = shallowRef<AttentionItem[]>([]);
  const next = ref<string | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  let calls = 0;

  async function load(more = false, quiet = false): Promise<void> {
    calls += 1;
    const mine = calls;
    if (!quiet) busy.value = true;
    const query = { ...wanted(), cursor: more ? (next.value ?? undefined) : undefined };
    try {
      const page = await api.get('/v1/attention', { query, background: quiet });
      if (mine !== calls) return;
      counts.value = page.counts;
      items.value = more ? [...items.value, ...page.items] : page.items;
      next.value = page.next ?? null;
      problem.value = null;
    } catch (thrown) {
      if (!quiet && mine === calls) problem.value = ApiProblem.from(thrown);
    } finally {
      if (mine === calls) busy.value = false;
    }
  }

  /** All that can be put away under the filter shown, also what is not loaded yet. */
  async function allToPutAway(): Promise<AttentionItem[]> {
    const all: AttentionItem[] = [];
    let cursor: string | undefined;
    do {
      const page: Attention = await api.get('/v1/attention', { query: { ...wanted(), cursor, limit: ALL_ROWS } });
      all.push(...page.items.filter(canPutAway));
      cursor = page.next ?? undefined;
    } while (cursor);
    return all;
  }

  // What came since stands in the counts and at its place; a queue that is being read is not long.
  onScopeDispose(follow(() => void load(false, true)));
  return { counts, items, next, problem, busy, load, allToPutAway };
}

export const putAway = (item: AttentionItem, note: string): Promise<unknown> =>
  api.post('/v1/attention/settle', { body: { kind: item.kind, id: item.id, note } });
