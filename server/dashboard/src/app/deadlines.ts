/** Deadlines of the catalogue in words. */
import type { KindDeadline, MatterKind, Urgency } from '@/api/types';
import { isKey, t } from '@/messages';
import { deadlinesOf, urgencyNamed } from '@/words/calendar';
import { said } from './locale';

function within({ amount, unit }: { amount: number; unit: string }): string {
  const key = `deadline.${unit}`;
  // A unit that a newer server knows stands as it is.
  return isKey(key) ? t(key, { n: amount }) : `${amount} ${unit}`;
}

function words(deadline: KindDeadline, urgencies: Urgency[]): string {
  const warned = deadline.warn
    ? t('deadline.warn', { within: within(deadline), warn: within(deadline.warn) })
    : within(deadline);
  if (deadline.urgency === undefined) return warned;
  const urgency = urgencyNamed(urgencies, deadline.urgency);
  return t('deadline.for', { urgency: said(urgency?.label, deadline.urgency), within: warned });
}

/** Each deadline of a kind in words; of one that has none of its own those of the kind it lies in, where that is given. */
export function deadlineWords(kind: MatterKind, urgencies: Urgency[], path: MatterKind[] = []): string[] {
  const own = [kind, ...[...path].reverse()].map(deadlinesOf).find((all) => all.length > 0);
  return (own ?? []).map((deadline) => words(deadline, urgencies));
}

/** The units of time that passes at night and on holidays too. */
const BY_THE_CLOCK = ['hours', 'days'];
/** In what time a matter of a kind and an urgency is to be handled, and whether that counts hours of work only. */
export function deadlineOf(
  kind: MatterKind,
  urgency: unknown,
  path: MatterKind[],
): { within: string; working: boolean } | null {
  const own = [kind, ...[...path].reverse()].map(deadlinesOf).find((all) => all.length > 0) ?? [];
  const found = own.find((deadline) => deadline.urgency === urgency) ?? own.find((d) => d.urgency === undefined);
  return found ? { within: within(found), working: !BY_THE_CLOCK.includes(found.unit) } : null;
}
