/** How much waits for a decision, for whoever may decide: as the server counts it, and anew when something moved. */
import { computed } from 'vue';
import { api } from '@/api/client';
import { queries, useShown } from './query';
import { may, session } from './session';

const KEY = ['waiting'];

export function useWaiting() {
  const { data } = useShown({
    key: () => KEY,
    // Nobody asked for it: it is asked wherever one is.
    ask: ({ signal }) => api.get('/v1/attention', { query: { limit: 1 }, signal, background: true }),
    follows: () => true,
    when: () => may.supervise.value && session.state === 'in',
  });
  return computed(() =>
    may.supervise.value && data.value ? Object.values(data.value.counts).reduce((a, b) => a + b, 0) : 0,
  );
}
/** What was put away here moves no stream that the server would tell of. */
export const recount = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });
