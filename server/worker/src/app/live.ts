/** What a page shows of the store: asked for now, and again after every change. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { onChange } from '@/phone';

export interface Live<T> {
  data: ShallowRef<T | undefined>;
  error: ShallowRef<unknown>;
  /** Whether the first answer is still awaited. */
  waiting: Ref<boolean>;
  again: () => Promise<void>;
}

/** `of` names what the answer depends on besides the store. */
export function useLive<T>(ask: () => Promise<T>, of?: () => unknown): Live<T> {
  const data = shallowRef<T>();
  const error = shallowRef<unknown>();
  const waiting = ref(true);
  let running = false;
  let wanted = false;

  // A function, since it changes while an answer is awaited.
  const isWanted = () => wanted;

  async function again(): Promise<void> {
    if (running) {
      wanted = true;
      return;
    }
    running = true;
    do {
      wanted = false;
      try {
        const answer = await ask();
        // What was asked before the question changed is no answer to it.
        if (!isWanted()) {
          data.value = answer;
          error.value = undefined;
        }
      } catch (failed) {
        error.value = failed;
      }
      waiting.value = false;
    } while (isWanted());
    running = false;
  }

  onScopeDispose(onChange(() => void again()));
  if (of) watch(of, () => void again());
  void again();
  return { data, error, waiting, again };
}
