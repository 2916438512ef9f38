/** How close rows and cards stand: kept in this browser for each person, since several may use it. */
import { computed, ref, watch, watchEffect } from 'vue';
import { session } from './session';

const key = (person: string): string => `gridfold.compact.${person}`;
export const compact = ref(false);

watch(
  () => session.me?.user_id,
  (person) => {
    compact.value = person !== undefined && localStorage.getItem(key(person)) === 'true';
  },
  { immediate: true },
);
export function setCompact(on: boolean): void {
  compact.value = on;
  const person = session.me?.user_id;
  if (person === undefined) return;
  if (on) localStorage.setItem(key(person), 'true');
  else localStorage.removeItem(key(person));
}
const density = computed(() => (compact.value ? 'compact' : 'comfortable'));
watchEffect(() => {
  document.documentElement.dataset.density = density.value;
});
