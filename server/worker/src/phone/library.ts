/** The phone library as it is here: opening its store, and what its errors say. */
import {
  hasAuthenticator,
  openPhone,
  PhoneError,
  storeInfo,
  wipeStore,
  type CarryReader,
  type KeyKeeping,
  type Lost,
  type Phone,
} from '@gridfold/phone';
import type { Failure } from './failure';

export { hasAuthenticator, wipeStore };
export type { CarryReader, KeyKeeping, Phone };
export type LostWhy = Lost['type'];

/** How the key of the store is kept; none where there is no store. */
export async function keptBy(): Promise<KeyKeeping['by'] | null> {
  const { exists, key } = await storeInfo();
  return exists ? key : null;
}

export async function open(
  locale: string,
  takeOver: boolean,
  key: KeyKeeping,
  lost: (why: LostWhy) => void,
): Promise<Phone> {
  const phone = await openPhone({ locale, takeOver, key });
  phone.onLost((why) => lost(why.type));
  return phone;
}

export const lockedElsewhere = (error: unknown): boolean => error instanceof PhoneError && error.code === 'InUse';

type Said = Record<string, unknown>;

/** What a call failed with, or what a sync says that it failed with. */
export function failureOf(error: unknown): Failure {
  const failed = (typeof error === 'object' && error !== null ? error : {}) as Said;
  const said = (error instanceof Error ? (failed.error ?? {}) : failed) as Said;
  const code = error instanceof Error ? failed.code : failed.type;
  const text = (key: string) => (typeof said[key] === 'string' ? said[key] : undefined);
  return {
    code: typeof code === 'string' ? (code as Failure['code']) : 'Unknown',
    rule: text('code'),
    field: text('field'),
    reason: text('reason'),
    draftId: text('draftId'),
    reference: text('reference') ?? (error instanceof Error ? error.message : undefined),
  };
}
