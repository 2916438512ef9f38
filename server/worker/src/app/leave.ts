/** Leaving this phone: signed out, with nothing of the worker's left on it, or wiped. */
import { forgetMine } from './ended';
import { failureOf, phone } from '@/phone';

/** False when something was not sent and was not to be given up: nothing changed then. */
export async function signOut(discardUnsent: boolean): Promise<boolean> {
  try {
    await phone().signOut(discardUnsent);
  } catch (error) {
    if (failureOf(error).rule === 'unsent_edits') return false;
    throw error;
  }
  begin();
  return true;
}

export async function wipe(): Promise<void> {
  await phone().wipe();
  begin();
}

/** As on a new phone: the client that was is of no more use. */
function begin(): void {
  forget();
  window.location.replace(import.meta.env.BASE_URL);
}

/** What the app keeps beside the store: no person's name, but times and choices of the one before, and their grids. */
function forget(): void {
  forgetMine();
  for (const key of ['gridfold.worker.grid', 'gridfold.worker.seen']) {
    localStorage.removeItem(key);
    sessionStorage.removeItem(key);
  }
}
