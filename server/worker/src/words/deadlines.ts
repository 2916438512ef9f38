/** When a matter is due, in words. */
import { t } from '@/messages';
import type { ProposedDue } from '@/phone';
import { moment } from './times';

/** Until when, from when it is time to warn, and whether that may change: each a part of a sentence. */
export function dueWords({ dueAtMs, warnAtMs, provisional }: ProposedDue, now = Date.now()): string[] {
  return [
    t('kind.due', { when: moment(dueAtMs, now) }),
    ...(warnAtMs === null ? [] : [t('kind.warn', { when: moment(warnAtMs, now) })]),
    ...(provisional ? [t('kind.provisional')] : []),
  ];
}

const MINUTE = 60_000;
/** Whether both are the same minute, which is what people write. */
export const sameMinute = (a: number, b: number): boolean => Math.floor(a / MINUTE) === Math.floor(b / MINUTE);
