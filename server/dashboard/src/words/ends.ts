/** The two ends of a history: the first edit and the last one, each with both of its own times. */
import type { HistoryEntry } from '@/api/types';

export interface EditTimes {
  captured: string;
  /** What the clock showed, where it cannot have been right. */
  claimed?: string | null | undefined;
  received: string;
  who: string;
  /** How many minutes later it arrived; 0 where that is not worth a word. */
  lateMinutes: number;
}
/** What takes no longer than this to arrive came at once. */
const AT_ONCE_MIN = 60;

function timesOf(edit: HistoryEntry): EditTimes {
  const { captured_at: captured, received_at: received } = edit;
  return {
    captured,
    claimed: edit.claimed_at,
    received,
    who: edit.user_name,
    lateMinutes: lateMinutes(captured, received),
  };
}
function lateMinutes(captured: string, received: string): number {
  const minutes = Math.round((Date.parse(received) - Date.parse(captured)) / 60_000);
  return minutes >= AT_ONCE_MIN ? minutes : 0;
}

/**
 * The last is left out where the first is the only one. A refused edit is none. Times of two edits are never compared.
 * `before`: when a record that was moved here was first written; that it was moved is no edit of its own.
 */
export function endsOf(
  entries: HistoryEntry[],
  before?: { captured: string; received: string },
): { first: EditTimes; last: EditTimes | null } | null {
  const taken = entries.filter((e) => e.verdict !== 'refused');
  const at = (e: HistoryEntry) => Date.parse(e.received_at);
  // What made the record comes first, also where a clock or the order of streams would say otherwise.
  const made = taken.filter((e) => e.made_at.length === 0);
  const first = (made.length ? made : taken).reduce<HistoryEntry | null>((a, b) => (a && at(a) <= at(b) ? a : b), null);
  if (!first) return null;
  const last = taken.reduce((a, b) => (at(b) >= at(a) ? b : a), first);
  // An edit of several classes has an entry for each.
  const isOne = last.captured_at === first.captured_at && last.received_at === first.received_at;
  const { captured, received } = before ?? {};
  const start =
    captured && received
      ? { captured, received, who: '', lateMinutes: lateMinutes(captured, received) }
      : timesOf(first);
  return { first: start, last: isOne ? null : timesOf(last) };
}
