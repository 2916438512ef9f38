/** What lies over a page: the phone's way back closes it, and leaves the page where it is. */
import { showConfirmDialog } from 'vant';
import { onScopeDispose, watch, type Ref } from 'vue';
import { t } from '@/messages';

/** Gives what is called once it was closed otherwise; it ends when the way back is as it was before. */
function backCloses(close: () => void): () => Promise<void> {
  let isOver = true;
  const back = () => {
    isOver = false;
    window.removeEventListener('popstate', back);
    close();
  };
  window.history.pushState(window.history.state, '');
  window.addEventListener('popstate', back);
  return async () => {
    if (!isOver) return;
    isOver = false;
    window.removeEventListener('popstate', back);
    const there = new Promise((done) => window.addEventListener('popstate', done, { once: true }));
    window.history.back();
    await there;
  };
}

/** A sheet that is shown while `open`. Gives what closes it; it ends when a step to another page may be made. */
export function useSheet(open: Ref<boolean>): () => Promise<void> {
  let closed: (() => Promise<void>) | undefined;
  watch(open, (is) => {
    if (is) closed = backCloses(() => (open.value = false));
    else void closed?.();
  });
  onScopeDispose(() => (open.value = false));
  return async () => {
    open.value = false;
    await closed?.();
  };
}

/** Whether the person says yes. */
export async function isSure(message: string, button: string, cancel = t('do.cancel')): Promise<boolean> {
  return showConfirmDialog({ message, confirmButtonText: button, cancelButtonText: cancel }).then(
    () => true,
    () => false,
  );
}
