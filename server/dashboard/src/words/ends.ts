/** The two ends of a history: the first edit and the last one, each with both of its own times. */
import type { HistoryEntry } from '@/api/types';

export interface EditTimes {
  captured: string;
  received: string;
  who: string;
  /** How many minutes later it arrived; 0 where that is not worth a word. */
  lateMinutes: number;
}
/** What takes no longer than this to arrive came at once. */
const AT_ONCE_MIN = 60;

function timesOf(edit: HistoryEntry): EditTimes {
  const minutes = Math.round((Date.parse(edit.received_at) - Date.parse(edit.captured_at)) / 60_000);
  return {
    captured: edit.captured_at,
    received: edit.received_at,
    who: edit.user_name,
    lateMinutes: minutes >= AT_ONCE_MIN ? minutes : 0,
  };
}

/** The last is left out where the first is the only one. A refused edit is none. Times of two edits are never compared. */
export function endsOf(entries: HistoryEntry[]): { first: EditTimes; last: EditTimes | null } | null {
  const taken = entries.filter((e) => e.verdict !== 'refused');
  const at = (e: HistoryEntry) => Date.parse(e.received_at);
  // What made the record comes first, also where a clock or the order of streams would say otherwise.
  const made = taken.filter((e) => e.made_at.length === 0);
  const first = (made.length ? made : taken).reduce<HistoryEntry | null>((a, b) => (a && at(a) <= at(b) ? a : b), null);
  if (!first) return null;
  const last = taken.reduce((a, b) => (at(b) >= at(a) ? b : a), first);
  // An edit of several classes has an entry for each.
  const isOne = last.captured_at === first.captured_at && last.received_at === first.received_at;
  return { first: timesOf(first), last: isOne ? null : timesOf(last) };
}
