/** The one client of this app: opened once, shared by every page. */
import { shallowRef } from 'vue';
import { lockedElsewhere, open, type LostWhy, type Phone } from './library';

export type * from '@gridfold/phone';
export type { Failure } from './failure';
export type { LostWhy } from './library';
export { failureOf } from './library';

export type Opening =
  | { at: 'opening' }
  | { at: 'open' }
  /** Another tab has the store. */
  | { at: 'elsewhere' }
  | { at: 'lost'; why: LostWhy }
  | { at: 'failed'; error: unknown };

export const opening = shallowRef<Opening>({ at: 'opening' });

let client: Phone | undefined;
const listeners = new Set<() => void>();

/** The client. Pages are shown only while it is open. */
export function phone(): Phone {
  if (!client) throw new Error('the store is not open');
  return client;
}

/** Opens the store, and tells the pages of everything that changes in it. False when it could not be opened: `opening` says why. */
export async function openStore(locale: string, takeOver: boolean): Promise<boolean> {
  opening.value = { at: 'opening' };
  try {
    client = await open(locale, takeOver, (why) => (opening.value = { at: 'lost', why }));
    await client.watch({ type: 'Everything' }, tell);
    return true;
  } catch (error) {
    opening.value = lockedElsewhere(error) ? { at: 'elsewhere' } : { at: 'failed', error };
    return false;
  }
}

function tell(): void {
  for (const listener of listeners) listener();
}

/** Calls back after every change of what the store holds, until stopped. */
export function onChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const reader = () => phone().carryReader();
