/** Loading what a page shows: one way of waiting, failing, trying again, and asking anew when phones brought something. */
import { computed, shallowReactive, type ComputedRef } from 'vue';
import { hashKey, keepPreviousData, QueryClient, useQuery, type Query, type QueryKey } from '@tanstack/vue-query';
import { ApiProblem } from '@/api/problem';
import { follow, type Moved } from './live';
import { locale } from './locale';

export interface Asking {
  signal: AbortSignal;
  /** Nobody asked for it: see `Asked` of the client. */
  background: boolean;
}
/** Whether what moved concerns what is shown. */
type Follows = (moved: Moved[]) => boolean;

declare module '@tanstack/vue-query' {
  interface Register {
    queryMeta: { follows?: Follows | undefined };
  }
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A failure is shown, with a button; what ends a session or a grant is not asked for again and again.
      retry: false,
      // Notices say when to ask anew, not the window.
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // Whether there is a way to the server is for the request to find out: it may be on this machine.
      networkMode: 'always',
      // What nobody looks at is not kept: it may be old, and somebody else may sign in.
      gcTime: 0,
      refetchIntervalInBackground: true,
    },
  },
});

/** Hashes of the queries that are asked anew without anybody having asked. */
const quiet = shallowReactive(new Set<string>());

/** Somebody asks now, also for what was being asked for anew. */
export function aloud(key: QueryKey): void {
  quiet.delete(hashKey(key));
}

/** Answers have words in them: in another language it is another question. */
export const inWords = (key: QueryKey): QueryKey => [...key, locale.value];

/** Asks anew and shows nothing of it but the answer. */
async function renew(query: Query): Promise<void> {
  // What is under way may have been answered before the change.
  while (query.state.fetchStatus !== 'idle') await query.fetch().catch(() => undefined);
  if (!query.isActive()) return;
  quiet.add(query.queryHash);
  await query.fetch().catch(() => undefined);
  quiet.delete(query.queryHash);
}
follow((moved) => {
  const concerned = (query: Query) => query.state.data !== undefined && query.meta?.follows?.(moved) === true;
  for (const query of queries.getQueryCache().findAll({ type: 'active', predicate: concerned })) void renew(query);
});

/** What a query function does around its request. `shown` is what stands there already. */
export async function answered<T>(
  key: QueryKey,
  ask: (background: boolean) => Promise<T>,
  shown: () => T | undefined,
): Promise<T> {
  const background = quiet.has(hashKey(key));
  try {
    return await ask(background);
  } catch (thrown) {
    // The live line shows a lost connection; the next notice asks again.
    const before = background ? shown() : undefined;
    if (before !== undefined) return before;
    throw ApiProblem.from(thrown);
  }
}

export interface Waiting {
  problem: ComputedRef<ApiProblem | null>;
  /** Whether somebody waits for an answer. */
  busy: ComputedRef<boolean>;
  load: () => Promise<void>;
  /** Asks anew without a sign of it. */
  renew: () => Promise<void>;
}
/** The part that queries of one answer and of pages have alike. */
export function waiting(
  key: () => QueryKey,
  query: { error: { value: ApiProblem | null }; isFetching: { value: boolean }; refetch: () => Promise<unknown> },
): Waiting {
  return {
    problem: computed(() => query.error.value),
    busy: computed(() => query.isFetching.value && !quiet.has(hashKey(key()))),
    load: async () => {
      aloud(key());
      await query.refetch();
    },
    renew: async () => {
      const found = queries.getQueryCache().find({ queryKey: key() });
      if (found) await renew(found);
    },
  };
}

export interface What<T> {
  /** What it is, and all that it depends on: what has another key is asked for anew. */
  key: () => QueryKey;
  ask: (asking: Asking) => Promise<T>;
  /** Left out for what no notice concerns. */
  follows?: Follows;
  /** Called when what is shown was brought up to date without anybody having asked. */
  renewed?: () => void;
  /** Whether it is wanted now; always when left out. */
  when?: () => boolean;
  /** Asked again by itself after so many milliseconds. */
  every?: () => number | false;
}
export interface Shown<T> extends Waiting {
  /** What is shown; while something else is on its way, what was there before it. */
  data: ComputedRef<T | null>;
  /** The same, but nothing while it answers an earlier question. */
  current: ComputedRef<T | null>;
}

export function useShown<T>(what: What<T>): Shown<T> {
  const key = () => inWords(what.key());
  const query = useQuery<T, ApiProblem>(
    () => ({
      queryKey: key(),
      queryFn: ({ signal, queryKey }) =>
        answered(
          queryKey,
          async (background) => {
            const now = await what.ask({ signal, background });
            if (background) what.renewed?.();
            return now;
          },
          () => queries.getQueryData<T>(queryKey),
        ),
      meta: { follows: what.follows },
      enabled: what.when?.() ?? true,
      refetchInterval: what.every?.() ?? false,
      placeholderData: keepPreviousData,
      shallow: true,
    }),
    queries,
  );
  return {
    ...waiting(key, query),
    data: computed(() => query.data.value ?? null),
    current: computed(() => (query.isPlaceholderData.value ? null : (query.data.value ?? null))),
  };
}
