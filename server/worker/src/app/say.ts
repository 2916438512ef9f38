/** What a failure says to the person who meets it: what happened, what is safe, what to do. */
import { showDialog } from 'vant';
import { ref } from 'vue';
import { t, type Key } from '@/messages';
import { failureOf, type Failure } from '@/phone';

const SAID: Record<Failure['code'], Key> = {
  Offline: 'fail.offline',
  SignInRequired: 'fail.signIn',
  Rejected: 'fail.rejected',
  UpdateRequired: 'fail.update',
  StorageFull: 'fail.full',
  WrongKey: 'fail.key',
  KeyUnavailable: 'fail.key',
  DamagedStore: 'fail.damaged',
  NoStore: 'fail.noStore',
  StoreExists: 'fail.noStore',
  InUse: 'fail.inUse',
  Closed: 'fail.closed',
  Cancelled: 'fail.cancelled',
  Revoked: 'fail.revoked',
  NotFound: 'fail.notFound',
  Internal: 'fail.internal',
  Restarted: 'fail.restarted',
  TakenOver: 'lost.takenOver',
  Vanished: 'lost.vanished',
  Broken: 'lost.broken',
  Wiped: 'lost.wiped',
  Unsupported: 'fail.unsupported',
  NoAuthenticator: 'fail.noAuthenticator',
  NotVerified: 'fail.notVerified',
  Unknown: 'fail.internal',
};

export function said(error: unknown): string {
  const failure = failureOf(error);
  if (failure.code === 'Rejected' && failure.reason) return failure.reason;
  return t(SAID[failure.code], { reference: failure.reference ?? failure.code });
}

export function tellFailure(error: unknown): void {
  void showDialog({ message: said(error), confirmButtonText: t('do.understood') });
}

/** What is said to be done, for as long as it is said. */
export const done = ref('');
const SAID_FOR_MS = 2_500;
let over: ReturnType<typeof setTimeout> | undefined;

export function tellDone(message: string): void {
  done.value = message;
  clearTimeout(over);
  over = setTimeout(() => (done.value = ''), SAID_FOR_MS);
}
