/** How the phone stands with its server. The library goes there by itself: when the network comes back, when the app is seen, after edits, by and by. */
import { ref, shallowRef } from 'vue';
import { tellDone, tellFailure } from './say';
import { t } from '@/messages';
import { failureOf, onChange, phone, type Failure, type Status } from '@/phone';

export const status = shallowRef<Status>();
export const syncing = ref(false);
/** Why the last attempt did not end well. */
export const lastFailure = shallowRef<Failure>();

export async function look(): Promise<void> {
  status.value = await phone().status();
}

/**
 * Without a network nothing is tried. What was tried may have left the phone, as far as a browser tells, and
 * could not be taken back any more.
 */
class NoNetwork extends Error {
  readonly code = 'Offline';
}

/** A sync that the person asked for; what it fails with is thrown too. */
export async function syncNow(): Promise<void> {
  if (!navigator.onLine) throw new NoNetwork();
  try {
    await phone().sync({});
  } finally {
    await look().catch(() => undefined);
  }
}

/** The same, with the person told how it ended. */
export async function syncAndTell(): Promise<void> {
  try {
    await syncNow();
    tellDone(t('sync.done'));
  } catch (error) {
    tellFailure(error);
  }
}

const lookQuietly = () => void look().catch(() => undefined);

/** Follows what the library does by itself. */
export async function followSync(): Promise<void> {
  await look();
  onChange(lookQuietly);
  await phone().watch({ type: 'Sync' }, (event) => {
    if (event.type !== 'Sync') return;
    syncing.value = event.state.type === 'Running';
    if (event.state.type === 'Done') lastFailure.value = undefined;
    if (event.state.type === 'Failed') lastFailure.value = failureOf(event.state.error);
    lookQuietly();
  });
}
