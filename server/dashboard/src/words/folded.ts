/** A history that can be read: what one person did on one day stands together, and equal small things are one. */
import type { HistoryEntry } from '@/api/types';

/** An entry with its words, and what each of them counts, when it counts something. */
export interface Told {
  entry: HistoryEntry;
  words: string[];
}
export interface Fold {
  /** Oldest first; of what is not plainly admitted always one. */
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
const makes = (entry: HistoryEntry): boolean => entry.made_at.length === 0 && entry.verdict !== 'refused';
/** What has something of its own to say stands by itself: what made the record, came late, was refused or erased. */
const plain = (entry: HistoryEntry): boolean => entry.verdict === 'admitted' && !entry.erased && !makes(entry);

/** The entries in their order, put together as far as they follow each other. `counted` says several counts as one. */
export function folded(told: Told[], counted: (field: string, by: number) => string): Fold[] {
  const groups: { first: HistoryEntry; last: HistoryEntry; all: Told[] }[] = [];
  for (const each of told) {
    const group = groups.at(-1);
    const before = group?.last;
    const alike =
      before &&
      plain(before) &&
      plain(each.entry) &&
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
    makes: all.some(({ entry }) => makes(entry)),
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
