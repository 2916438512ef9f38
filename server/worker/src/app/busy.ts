/** One thing at a time: what a tap began is over before the next tap begins anything, and a failure is told. */
import { ref, type Ref } from 'vue';
import { tellFailure } from './say';

export function useBusy(): { busy: Ref<boolean>; once: (work: () => Promise<void>) => Promise<void> } {
  const busy = ref(false);
  async function once(work: () => Promise<void>): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    try {
      await work();
    } catch (error) {
      tellFailure(error);
    } finally {
      busy.value = false;
    }
  }
  return { busy, once };
}
