/** A list that comes in pages: load, load more, and search while somebody types. */
import { onMounted, onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { ApiProblem } from '@/api/problem';

/** After the last key before the server is asked, in ms. */
const TYPED_MS = 350;

export interface Page<T, C> {
  rows: T[];
  next?: C | null | undefined;
}

export interface Pages<T, C> {
  rows: ShallowRef<T[]>;
  next: Ref<C | null>;
  problem: ShallowRef<ApiProblem | null>;
  busy: Ref<boolean>;
  /** Whether there was an answer ever. */
  loaded: Ref<boolean>;
  /** Loads from the start, or what follows. */
  load: (more?: boolean) => Promise<void>;
  /** Loads from the start once typing has paused. */
  typed: () => void;
}

/** Loads when the page is shown. The answer of an older call never replaces that of a newer one. */
export function usePages<T, C extends string | number = string>(
  ask: (cursor: C | undefined, signal: AbortSignal) => Promise<Page<T, C>>,
): Pages<T, C> {
  const rows = shallowRef<T[]>([]);
  const next = ref(null) as Ref<C | null>;
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  const loaded = ref(false);
  let under: AbortController | null = null;
  let pause: ReturnType<typeof setTimeout> | undefined;
  async function load(more = false): Promise<void> {
    clearTimeout(pause);
    under?.abort();
    const mine = new AbortController();
    under = mine;
    busy.value = true;
    try {
      const page = await ask(more ? (next.value ?? undefined) : undefined, mine.signal);
      if (under !== mine) return;
      rows.value = more ? [...rows.value, ...page.rows] : page.rows;
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
  function typed(): void {
    clearTimeout(pause);
    pause = setTimeout(() => void load(), TYPED_MS);
  }
  onMounted(() => void load());
  onScopeDispose(() => {
    clearTimeout(pause);
    under?.abort();
  });
  return { rows, next, problem, busy, loaded, load, typed };
}
