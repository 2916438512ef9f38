/** The one client of this app: opened once, shared by every page. */
import { shallowRef } from 'vue';
import { failureOf, keptBy, lockedElsewhere, open, type KeyKeeping, type LostWhy, type Phone } from './library';

export type * from '@gridfold/phone';
export type { Failure } from './failure';
export type { LostWhy } from './library';
export { failureOf, hasAuthenticator, keptBy, wipeStore } from './library';

export type Opening =
  | { at: 'opening' }
  | { at: 'open' }
  /** The person is to open it; with what the last try failed with. */
  | { at: 'locked'; by: 'Pin' | 'Authenticator'; error?: unknown }
  /** It is open, and its key is yet to be kept as the organisation demands. */
  | { at: 'unkept' }
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

/** What a person may try again. */
const AGAIN = new Set<string>(['WrongKey', 'NotVerified', 'NoAuthenticator']);

/** Opens the store, and tells the pages of everything that changes in it. False when it could not be opened: `opening` says why. */
export async function openStore(locale: string, takeOver: boolean, key?: KeyKeeping): Promise<boolean> {
  opening.value = { at: 'opening' };
  try {
    const by = await keptBy();
    const lock = by === 'Pin' || by === 'Authenticator' ? by : undefined;
    if (lock && key?.by !== lock) {
      opening.value = { at: 'locked', by: lock };
      return false;
    }
    try {
      const lost = (why: LostWhy): void => void (opening.value = { at: 'lost', why });
      client = await open(locale, takeOver, lock && key ? key : { by: 'Browser' }, lost);
    } catch (error) {
      if (!lock || !AGAIN.has(failureOf(error).code)) throw error;
      opening.value = { at: 'locked', by: lock, error };
      return false;
    }
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

/** Whether the organisation demands that its person alone opens the store, and it is kept otherwise. */
export async function isToBeKept(): Promise<boolean> {
  if (!(await phone().keyByPerson())) return false;
  const by = await keptBy();
  return by !== 'Pin' && by !== 'Authenticator';
}

export const reader = () => phone().carryReader();
