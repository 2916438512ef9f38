/** Loading something a page shows: one state for waiting, failing, trying again and going away. */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { ApiProblem } from '@/api/problem';

export interface Loaded<T> {
  data: ShallowRef<T | null>;
  problem: ShallowRef<ApiProblem | null>;
  busy: Ref<boolean>;
  /** Loads; the answer of an older call never replaces that of a newer one. */
  load: () => Promise<void>;
}

export function useLoad<T>(ask: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  let under: AbortController | null = null;
  onScopeDispose(() => under?.abort());
  async function load(): Promise<void> {
    under?.abort();
    const mine = new AbortController();
    under = mine;
    busy.value = true;
    try {
      const answer = await ask(mine.signal);
      if (under !== mine) return;
      data.value = answer;
      problem.value = null;
    } catch (thrown) {
      if (under !== mine || mine.signal.aborted) return;
      problem.value = ApiProblem.from(thrown);
    } finally {
      if (under === mine) busy.value = false;
    }
  }
  return { data, problem, busy, load };
}
