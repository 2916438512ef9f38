/** The queue of what waits for a person: pages of one kind or all, and what is put away from it. */
import { computed, reactive } from 'vue';
import { api } from '@/api/client';
import type { Attention, AttentionItem, AttentionKind } from '@/api/types';
import { usePages } from './pages';
import { recount } from './waiting';

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
  const queue = usePages({
    key: () => ['attention', wanted()],
    ask: async (cursor: string | undefined, asking) => {
      const page = await api.get('/v1/attention', { query: { ...wanted(), cursor }, ...asking });
      return { rows: page.items, next: page.next, counts: page.counts };
    },
    // What came since stands in the counts and at its place; a queue that is being read is not long.
    follows: () => true,
  });
  const counts = computed(() => queue.pages.value.at(-1)?.counts ?? null);
  /** What was done with here, until the server says so too. */
  const left = reactive(new Set<string>());
  const items = computed(() => queue.pages.value.flatMap((p) => p.rows).filter((item) => !left.has(keyOf(item))));

  async function gone(item: AttentionItem): Promise<void> {
    left.add(keyOf(item));
    await Promise.all([queue.renew(), recount()]);
    left.delete(keyOf(item));
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
  return { ...queue, counts, items, gone, allToPutAway };
}

export const putAway = (item: AttentionItem, note: string): Promise<unknown> =>
  api.post('/v1/attention/settle', { body: { kind: item.kind, id: item.id, note } });
