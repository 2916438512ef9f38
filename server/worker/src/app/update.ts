/** A newer app: taken into use when nothing is half typed, and when the person says so. */
import { computed, ref } from 'vue';
import { useRegisterSW } from 'virtual:pwa-register/vue';

/** Forms that are open with something typed in them. Their drafts are on disk; the person is not to be interrupted all the same. */
const typing = ref(0);
const LOOK_EVERY_MS = 30 * 60_000;

export function beginTyping(): () => void {
  typing.value += 1;
  let ended = false;
  return () => {
    if (!ended) typing.value -= 1;
    ended = true;
  };
}

export function useUpdate() {
  const { needRefresh, offlineReady, updateServiceWorker } = useRegisterSW({
    immediate: true,
    onRegisteredSW(_, registration) {
      if (!registration) return;
      const look = () => void registration.update().catch(() => undefined);
      setInterval(look, LOOK_EVERY_MS);
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') look();
      });
    },
  });
  const offered = computed(() => needRefresh.value && typing.value === 0);
  return { isThere: needRefresh, offered, offlineReady, take: () => updateServiceWorker(true) };
}
