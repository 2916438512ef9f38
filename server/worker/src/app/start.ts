/** The beginning: the store is opened, what the pages need is looked up, and they are shown. */
import { followForms } from './forms';
import { locale } from './locale';
import { hearNews, renewTelling } from './push';
import { followSync, syncNow } from './sync';
import { isToBeKept, opening, openStore, type KeyKeeping } from '@/phone';

let letIn: () => void = () => undefined;
/** Resolves once the store is open; until then no page is shown that needs it. */
export const started = new Promise<void>((resolve) => (letIn = resolve));

/** What the person opened it by: a store that goes over from another tab is opened by it too. */
let key: KeyKeeping | undefined;

async function start(takeOver: boolean): Promise<void> {
  if (await openStore(locale.value, takeOver, key)) await goOn();
}

/** Shows the pages, once the store is kept as the organisation demands. */
export async function goOn(): Promise<void> {
  try {
    if (await isToBeKept()) {
      opening.value = { at: 'unkept' };
      return;
    }
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
/** Opens the store by what the person gives. */
export function unlock(by: KeyKeeping): Promise<void> {
  remember(by);
  return start(false);
}
/** What the store is opened by from now on. */
export function remember(by: KeyKeeping): void {
  key = by;
}
