/** What a list or a map of records was asked for, as it stands in the address. What is searched for stays out of it. */
import { computed, ref, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { RecordQuery } from '@/phone';

/** The words of the last search, so that the list and the map find the same; in memory only. */
const words = ref('');

export function useAsked(changed: () => void = () => undefined) {
  const route = useRoute();
  const router = useRouter();
  const asked = (key: string) => (typeof route.query[key] === 'string' ? route.query[key] : '');
  const form = ref(asked('form'));
  const open = ref(asked('open') === 'yes');
  const mine = ref(asked('mine') === 'yes');
  const inAddress = computed(() => ({
    ...(form.value && { form: form.value }),
    ...(open.value && { open: 'yes' }),
    ...(mine.value && { mine: 'yes' }),
  }));
  watch(inAddress, (query) => {
    changed();
    void router.replace({ query });
  });
  const query = computed<RecordQuery>(() => ({
    text: words.value.trim() || null,
    form: form.value || null,
    open: open.value,
    mine: mine.value,
  }));
  return { words, form, open, mine, query, inAddress };
}
