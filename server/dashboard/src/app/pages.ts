/** A list that comes in pages: load, load more, and search while somebody types. */
import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue';
import { keepPreviousData, useInfiniteQuery, type InfiniteData, type QueryKey } from '@tanstack/vue-query';
import type { ApiProblem } from '@/api/problem';
import { aloud, answered, inWords, queries, waiting, type Asking, type Waiting, type What } from './query';

/** After the last key before the server is asked, in ms. */
const TYPED_MS = 350;

export interface Page<T, C> {
  rows: T[];
  next?: C | null | undefined;
}

export interface Pages<P> extends Waiting {
  pages: ComputedRef<P[]>;
  /** Whether there is more than is shown. */
  next: ComputedRef<boolean>;
  /** Whether there was an answer ever. */
  loaded: ComputedRef<boolean>;
  /** Loads what follows. */
  more: () => Promise<void>;
}

/** Pages as the server gives them. Asked for anew, all that are shown come again. */
export function usePages<P extends Page<unknown, C>, C extends string | number = string>(
  what: Omit<What<P>, 'ask' | 'every'> & { ask: (cursor: C | undefined, asking: Asking) => Promise<P> },
): Pages<P> {
  const shown = (key: QueryKey, cursor: C | undefined): P | undefined => {
    const data = queries.getQueryData<InfiniteData<P, C | undefined>>(key);
    return data?.pages[data.pageParams.indexOf(cursor)];
  };
  const key = () => inWords(what.key());
  const query = useInfiniteQuery<P, ApiProblem, InfiniteData<P, C | undefined>, QueryKey, C | undefined>(
    () => ({
      queryKey: key(),
      queryFn: ({ signal, queryKey, pageParam }) => {
        // For the compiler it is open whether there is a parameter, as long as `C` is.
        const cursor = pageParam as C | undefined;
        return answered(
          queryKey,
          async (background) => {
            const now = await what.ask(cursor, { signal, background });
            if (background) what.renewed?.();
            return now;
          },
          () => shown(queryKey, cursor),
        );
      },
      initialPageParam: undefined,
      getNextPageParam: (last) => last.next ?? undefined,
      meta: { follows: what.follows },
      enabled: what.when?.() ?? true,
      placeholderData: keepPreviousData,
      shallow: true,
    }),
    queries,
  );
  return {
    ...waiting(key, query),
    pages: computed(() => query.data.value?.pages ?? []),
    next: computed(() => query.hasNextPage.value),
    loaded: computed(() => query.data.value !== undefined),
    more: async () => {
      aloud(key());
      await query.fetchNextPage();
    },
  };
}

/** The rows of pages that have nothing else. */
export function useRows<T, C extends string | number = string>(
  what: Parameters<typeof usePages<Page<T, C>, C>>[0],
): Pages<Page<T, C>> & { rows: ComputedRef<T[]> } {
  const pages = usePages(what);
  return { ...pages, rows: computed(() => pages.pages.value.flatMap((page) => page.rows)) };
}

/** A text that is typed, and what it was when typing last paused. */
export function useTyped(): { text: Ref<string>; paused: Ref<string>; typed: () => void } {
  const [text, paused] = [ref(''), ref('')];
  let pause: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => {
    clearTimeout(pause);
  });
  const typed = (): void => {
    clearTimeout(pause);
    pause = setTimeout(() => (paused.value = text.value.trim()), TYPED_MS);
  };
  return { text, paused, typed };
}
