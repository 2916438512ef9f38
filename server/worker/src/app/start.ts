/** The beginning: the store is opened, what the pages need is looked up, and they are shown. */
import { followForms } from './forms';
import { locale } from './locale';
import { hearNews, renewTelling } from './push';
import { followSync, syncNow } from './sync';
import { opening, openStore } from '@/phone';

let letIn: () => void = () => undefined;
/** Resolves once the store is open; until then no page is shown that needs it. */
export const started = new Promise<void>((resolve) => (letIn = resolve));

async function start(takeOver: boolean): Promise<void> {
  if (!(await openStore(locale.value, takeOver))) return;
  try {
    await followForms();
    await followSync();
    hearNews(() => void syncNow().catch(() => undefined));
    // What the browser or the server changed meanwhile is put right; without a network another time.
    void renewTelling().catch(() => undefined);
    letIn();
    opening.value = { at: 'open' };
  } catch (error) {
    opening.value = { at: 'failed', error };
  }
}

export const openFirst = () => start(false);
/** Takes the store over from the tab that has it. */
export const openHere = () => start(true);
