/** A history that can be read: what one person did on one day stands together, and equal small things are one. */
import type { HistoryEntry } from '@/api/types';
import { makesIt } from './operations';

/** An entry with its words, and what each of them counts, when it counts something. */
export interface Told {
  entry: HistoryEntry;
  words: string[];
}
export interface Fold {
  /** Oldest first; of what is refused or erased always one. */
  entries: HistoryEntry[];
  first: HistoryEntry;
  last: HistoryEntry;
  lines: string[];
  /** Those of them that are of no field, such as a step with its note: they are told however long the rest is. */
  steps: string[];
  /** The keys of the fields that it touches, each once. */
  fields: string[];
  /** Whether it made the record. */
  makes: boolean;
}
/** More than so many lines about fields are one that opens. */
const LINES_MOST = 4;
export const isLong = (fold: Fold): boolean => fold.lines.length - fold.steps.length > LINES_MOST;

const day = (entry: HistoryEntry): string => new Date(entry.captured_at).toDateString();
/** Entries of one sort go together: of what is refused or erased each has something of its own to say. */
function sortOf(entry: HistoryEntry): string {
  if (entry.erased || entry.verdict === 'refused') return '';
  return makesIt(entry) ? 'makes' : entry.verdict;
}

/** The entries in their order, put together as far as they follow each other. `counted` says several counts as one. */
export function folded(told: Told[], counted: (field: string, by: number) => string): Fold[] {
  const groups: { first: HistoryEntry; last: HistoryEntry; all: Told[] }[] = [];
  for (const each of told) {
    const group = groups.at(-1);
    const before = group?.last;
    const alike =
      before &&
      sortOf(before) !== '' &&
      sortOf(before) === sortOf(each.entry) &&
      before.user_id === each.entry.user_id &&
      day(before) === day(each.entry);
    if (group && alike) {
      group.all.push(each);
      group.last = each.entry;
    } else groups.push({ first: each.entry, last: each.entry, all: [each] });
  }
  return groups.map(({ first, last, all }) => ({
    first,
    last,
    entries: all.map((each) => each.entry),
    lines: linesOf(all, counted),
    steps: all.flatMap(({ entry, words }) =>
      words.slice(-entry.operations.length || words.length).filter((_, i) => {
        const op = entry.operations[i];
        return op !== undefined && op.field === undefined;
      }),
    ),
    fields: [...new Set(all.flatMap(({ entry }) => entry.operations.flatMap((op) => op.field ?? [])))],
    makes: all.some(({ entry }) => makesIt(entry)),
  }));
}

/** The words of a group; all that was counted on one field is one line, where the first of it stood. */
function linesOf(group: Told[], counted: (field: string, by: number) => string): string[] {
  const lines: (string | { field: string; by: number; times: number; words: string })[] = [];
  for (const { entry, words } of group) {
    // A line that says that the record was made is of no operation.
    const more = words.length - entry.operations.length;
    for (const [i, line] of words.entries()) {
      const op = entry.operations[i - more];
      if (op?.op !== 'count' || op.field === undefined) {
        lines.push(line);
        continue;
      }
      const before = lines.find((l) => typeof l !== 'string' && l.field === op.field);
      if (before && typeof before !== 'string')
        Object.assign(before, { by: before.by + (op.by ?? 0), times: before.times + 1 });
      else lines.push({ field: op.field, by: op.by ?? 0, times: 1, words: line });
    }
  }
  return lines.map((l) => (typeof l === 'string' ? l : l.times === 1 ? l.words : counted(l.field, l.by)));
}
