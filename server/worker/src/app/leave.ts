/** Leaving this phone: signed out, with nothing of the worker's left on it, or wiped. */
import { phone } from '@/phone';

/** False when something was not sent and was not to be given up: nothing changed then. */
export async function signOut(discardUnsent: boolean): Promise<boolean> {
  const gone = await phone().signOut(discardUnsent);
  if (gone) begin();
  return gone;
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

/** What the app keeps beside the store: no names, but times and choices of the person before. */
function forget(): void {
  for (const key of ['gridfold.worker.grid', 'gridfold.worker.seen']) {
    localStorage.removeItem(key);
    sessionStorage.removeItem(key);
  }
}
