/** Work that was this person's, and that somebody else has given back with words. */
import { formOf } from './forms';
import { phone, type HistoryEntry, type RecordSummary } from '@/phone';

export interface SentBack {
  record: RecordSummary;
  /** What was said. */
  words: string;
  /** Who said it, when known. */
  by: string | null;
}

/** Most records whose history is read. */
const MOST = 100;

const counts = ({ state }: HistoryEntry) => state.type !== 'Refused' && state.type !== 'Carried';
const stepsOf = ({ operations }: HistoryEntry) => operations.filter((one) => one.type === 'Transition');
/** Those that say where the work stands: who urges or follows gives nothing back, and has no part in it. */
const leadingOf = (entry: HistoryEntry, asides: readonly string[]) =>
  stepsOf(entry).filter(({ action }) => !asides.includes(action));
/** How far it has come is known of what this phone's user wrote, and of nothing else. */
const isMine = ({ delivery }: HistoryEntry) => delivery !== null;

/**
 * The words it was given back with; nothing of what was not.
 *
 * It was given back when the newest step is another's and has words, and the person had had their part in it
 * before: a step of their own, or, while it is nobody's to do, the report itself. Handing out what somebody
 * reported is a step with words too, and gives nothing back; neither does one beside the status (`asides` of the form),
 * and what stands suspended is nobody's turn.
 */
export function wordsBack(
  record: RecordSummary,
  history: HistoryEntry[],
  asides: readonly string[] = [],
): { words: string; by: string | null } | undefined {
  if (typeof record.suspendedAtMs === 'number') return undefined;
  const leading = (entry: HistoryEntry) => leadingOf(entry, asides);
  const entries = history.filter(counts);
  const at = entries.findLastIndex((entry) => leading(entry).length > 0);
  const newest = entries[at];
  if (!newest || isMine(newest)) return undefined;
  const words = leading(newest).at(-1)?.note.trim() ?? '';
  if (words === '') return undefined;
  const before = entries.slice(0, at).filter(isMine);
  const hadPart = before.some((entry) => leading(entry).length > 0) || (record.doer === null && before.length > 0);
  return hadPart ? { words, by: newest.userName } : undefined;
}

/** What was said with the newest step that has words. */
export function newestWords(history: HistoryEntry[]): { words: string; by: string | null; atMs: number } | undefined {
  for (const entry of history.filter(counts).reverse()) {
    const said = stepsOf(entry).findLast(({ note }) => note.trim() !== '');
    if (said) return { words: said.note.trim(), by: entry.userName, atMs: entry.capturedAtMs };
  }
  return undefined;
}

const read = new Map<string, { updatedAtMs: number; back: ReturnType<typeof wordsBack> }>();

/** Those of open records that were given back. `mine` are the ids of this person's work. */
export async function sentBack(open: RecordSummary[], mine: ReadonlySet<string>): Promise<SentBack[]> {
  const asked = open
    .filter(
      ({ id, stage, delivery, doer }) => stage === 'Open' && (mine.has(id) || (delivery !== null && doer === null)),
    )
    .slice(0, MOST);
  const found: SentBack[] = [];
  for (const record of asked) {
    const kept = read.get(record.id);
    const back =
      kept?.updatedAtMs === record.updatedAtMs
        ? kept.back
        : wordsBack(record, await phone().history(record.id), formOf(record.form)?.asides);
    // What waits here may still be decided on without a change of its time.
    if (record.pending) read.delete(record.id);
    else read.set(record.id, { updatedAtMs: record.updatedAtMs, back });
    if (back) found.push({ record, ...back });
  }
  return found;
}
