import { ref } from 'vue';
import { expect, test, vi } from 'vitest';
import { beginTyping, useUpdate } from '@/app/update';

const needRefresh = ref(false);
vi.mock('virtual:pwa-register/vue', () => ({
  // Read when it is called: the mock stands above what it uses.
  useRegisterSW: () => ({ needRefresh, offlineReady: ref(false), updateServiceWorker: () => Promise.resolve() }),
}));

test('a newer app is offered only when nothing is half typed', () => {
  const { offered } = useUpdate();
  expect(offered.value).toBe(false);
  const first = beginTyping();
  const second = beginTyping();
  needRefresh.value = true;
  expect(offered.value).toBe(false);
  first();
  // Told twice by the same form it counts once.
  first();
  expect(offered.value).toBe(false);
  second();
  expect(offered.value).toBe(true);
});
