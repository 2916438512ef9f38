/** What an entry of a history did, as words: each operation against the values that its author found. */
import type { Field, Form, HistoryEntry, Operation } from '@/api/types';
import type { Key } from '@/messages';
import { choiceName, valueWords, type Sayer } from './values';

type Say = (key: Key, named?: Record<string, string | number>) => string;
export interface OperationWords extends Sayer {
  t: Say;
  fieldName: (form: Form | undefined, key: string) => string;
  actionName: (form: Form | undefined, action: string) => string;
}

/** A text longer than this is cut in the timeline; the field itself shows all of it. */
const LONGEST = 120;
const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/**
 * As they were written: the days of a history follow each other, however late a phone brought what it had. What one
 * person wrote at once stands together, whatever the classes that it went to the server by.
 */
export function written(entries: HistoryEntry[]): HistoryEntry[] {
  const by = (a: HistoryEntry, b: HistoryEntry): number =>
    Date.parse(a.captured_at) - Date.parse(b.captured_at) ||
    Date.parse(a.received_at) - Date.parse(b.received_at) ||
    a.user_id.localeCompare(b.user_id) ||
    a.stream.localeCompare(b.stream) ||
    a.seq - b.seq;
  // What made the record was before all else, whatever the clocks of others showed.
  return [...entries].sort((a, b) => Number(makesIt(b)) - Number(makesIt(a)) || by(a, b));
}
/** Whether an entry made the record: nothing was there before it. */
export const makesIt = (entry: HistoryEntry): boolean => entry.made_at.length === 0 && entry.verdict !== 'refused';

/**
 * The words of each entry, oldest first, in the order of `entries`. What an author had before them is the
 * server's to tell (`found`); the page says it with names and times of its own.
 */
export function historyWords(form: Form | undefined, entries: HistoryEntry[], say: OperationWords): string[][] {
  let first = true;
  return entries.map((entry) => {
    const lines = entry.operations.map((op, i) => operationWords(form, op, entry.found[i] ?? [], say));
    if (first && makesIt(entry)) lines.unshift(say.t('words.create'));
    if (entry.verdict !== 'refused') first = false;
    return lines;
  });
}

export function operationWords(form: Form | undefined, op: Operation, found: unknown[], say: OperationWords): string {
  const field = form?.fields.find((f) => f.key === op.field);
  const name = say.fieldName(form, op.field ?? '');
  const words = (of: Field | undefined, value: unknown) => cut(valueWords(of, value, say)) || say.t('words.emptyText');
  switch (op.op) {
    case 'set': {
      if (found.length > 1) return settledWords(name, op.value, found, (value) => words(field, value), say);
      const old = found[0];
      return old === undefined
        ? say.t('words.set', { field: name, value: words(field, op.value) })
        : say.t('words.setFrom', { field: name, old: words(field, old), value: words(field, op.value) });
    }
    case 'unset':
      return say.t('words.unset', { field: name });
    case 'splice':
      return spliceWords(name, op, say);
    case 'choose':
    case 'unchoose':
      return say.t(op.op === 'choose' ? 'words.choose' : 'words.unchoose', {
        field: name,
        value: choiceName(field?.choices, op.choice ?? '', say.locale),
      });
    case 'item_add':
      return say.t('words.itemAdd', { field: name });
    case 'item_remove':
      return say.t('words.itemRemove', { field: name });
    case 'item_set':
    case 'item_unset': {
      const member = field?.members?.find((m) => m.key === op.member);
      const full = `${name} · ${member ? (say.locale === 'en' ? member.label.en : member.label.zh) : (op.member ?? '')}`;
      return op.op === 'item_set'
        ? say.t('words.set', { field: full, value: words(member, op.value) })
        : say.t('words.unset', { field: full });
    }
    case 'count':
      return say.t('words.count', { field: name, by: op.by ?? 0 });
    case 'transition':
      return op.note
        ? say.t('words.transitionNote', { action: say.actionName(form, op.action ?? ''), note: op.note })
        : say.t('words.transition', { action: say.actionName(form, op.action ?? '') });
    case 'delete':
      return say.t('words.deleted');
    case 'restore':
      return say.t('words.restored');
    default:
      return say.t('words.other');
  }
}

function settledWords(
  field: string,
  value: unknown,
  found: unknown[],
  words: (value: unknown) => string,
  say: OperationWords,
): string {
  const same = (other: unknown) => JSON.stringify(other) === JSON.stringify(value);
  const others = found
    .filter((other) => !same(other))
    .map(words)
    .join(say.locale === 'en' ? '”, “' : '”、“');
  return say.t(found.some(same) ? 'words.chosen' : 'words.settled', { field, value: words(value), others });
}

function spliceWords(field: string, op: Operation, say: OperationWords): string {
  const text = cut(op.insert ?? '');
  const n = op.delete ?? 0;
  if (n === 0) return say.t('words.insert', { field, text });
  if (text === '') return say.t('words.delete', { field, n });
  return say.t('words.replace', { field, n, text });
}
