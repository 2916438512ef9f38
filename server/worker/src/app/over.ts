/** What lies over a page: the phone's way back closes it, and leaves the page where it is. */
import { showConfirmDialog } from 'vant';
import { onScopeDispose, type Ref } from 'vue';
import { useRouter } from 'vue-router';
import { t } from '@/messages';

/** A sheet that is shown while `open`: it is closed in place of a step to another page. */
export function useSheet(open: Ref<boolean>): void {
  const end = useRouter().beforeEach(() => {
    if (!open.value) return true;
    open.value = false;
    return false;
  });
  onScopeDispose(end);
}

/** Whether the person says yes. */
export async function isSure(message: string, button: string, cancel = t('do.cancel')): Promise<boolean> {
  return showConfirmDialog({ message, confirmButtonText: button, cancelButtonText: cancel }).then(
    () => true,
    () => false,
  );
}
