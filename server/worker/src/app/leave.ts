/** Leaving this phone: signed out, with nothing of the worker's left on it, or wiped. */
import { forgetMine } from './ended';
import { isSure } from './over';
import { endTelling } from './push';
import { tellFailure } from './say';
import { forgetMaps } from './streetMaps';
import { t } from '@/messages';
import { failureOf, phone, wipeStore } from '@/phone';

/** How much is on this phone alone: edits that wait, refused ones, drafts. */
export async function hereAlone(): Promise<number> {
  const [{ pending }, refused, drafts] = await Promise.all([phone().status(), phone().refused(), phone().drafts()]);
  return pending + refused.length + drafts.length;
}

/** Signs out as the person says. What is not sent is given up only when they say so, with the number before them. */
export async function leave(): Promise<void> {
  if (!(await isSure(t('leave.sure'), t('leave.signOut')))) return;
  try {
    if (await signOut(false)) return;
    if (await isSure(t('leave.unsent', { n: await hereAlone() }), t('leave.giveUp'))) await signOut(true);
  } catch (error) {
    tellFailure(error);
  }
}

/** False when something was not sent and was not to be given up: nothing changed then. */
async function signOut(discardUnsent: boolean): Promise<boolean> {
  try {
    await phone().signOut(discardUnsent);
  } catch (error) {
    if (failureOf(error).rule === 'unsent_edits') return false;
    throw error;
  }
  await begin();
  return true;
}

export async function wipe(): Promise<void> {
  await phone().wipe();
  await begin();
}

/** Wipes a store that nobody can open any more. */
export async function wipeUnopened(): Promise<void> {
  await wipeStore();
  await begin();
}

/** As on a new phone: the client that was is of no more use. */
async function begin(): Promise<void> {
  forget();
  // Whoever comes next is not told of this person's work.
  await endTelling().catch(() => undefined);
  await forgetMaps().catch(() => undefined);
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
