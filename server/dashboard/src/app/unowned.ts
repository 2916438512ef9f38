/** How many tasks nobody owns, for whoever hands out work where they look; null where that is not theirs to know. */
import { computed, type ComputedRef } from 'vue';
import { api } from '@/api/client';
import { isWithin } from './directory';
import { useShown } from './query';
import { may } from './session';
import { areasAs } from './standing';

export function useUnowned(area: () => string = () => ''): ComputedRef<number | null> {
  const asks = () => may.supervise.value && (area() === '' || isWithin(area(), areasAs('supervisor', 'admin')));
  const { current } = useShown({
    key: () => ['unowned', area()],
    ask: async (asking) => (await api.get('/v1/unowned', { query: { area: area(), limit: 1 }, ...asking })).total,
    follows: () => true,
    when: asks,
  });
  return computed(() => (asks() ? current.value : null));
}
