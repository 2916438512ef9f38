/** What an entry of a history did, as words: each operation against the value that stood before. */
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

/** The words of each entry, oldest first, in the order of `entries`. */
export function historyWords(form: Form | undefined, entries: HistoryEntry[], say: OperationWords): string[][] {
  const named = new Map(entries.map((entry) => [entry.entry, entry]));
  let first = true;
  return entries.map((entry, at) => {
    const lines = entry.operations.map((op) => operationWords(form, op, before(entry, at, entries, named), say));
    if (first && entry.made_at.length === 0 && entry.verdict !== 'refused') lines.unshift(say.t('words.create'));
    if (entry.verdict !== 'refused') first = false;
    return lines;
  });
}

/** What the author of an entry had before them: the values of what it was made after, not of what merely arrived earlier. */
function before(
  entry: HistoryEntry, at: number, entries: HistoryEntry[], named: ReadonlyMap<string, HistoryEntry>,
): Map<string, unknown> {
  const seen = new Set<string>();
  const ahead = [...entry.made_at];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    ahead.push(...(named.get(name)?.made_at ?? []));
  }
  const values = new Map<string, unknown>();
  for (const older of entries.slice(0, at)) {
    if (!seen.has(older.entry) || older.verdict === 'refused') continue;
    for (const op of older.operations) {
      if (op.op === 'set' && op.field) values.set(op.field, op.value);
      if (op.op === 'unset' && op.field) values.delete(op.field);
    }
  }
  return values;
}

export function operationWords(
  form: Form | undefined, op: Operation, before: ReadonlyMap<string, unknown>, say: OperationWords,
): string {
  const field = form?.fields.find((f) => f.key === op.field);
  const name = say.fieldName(form, op.field ?? '');
  const words = (of: Field | undefined, value: unknown) => cut(valueWords(of, value, say)) || say.t('words.emptyText');
  switch (op.op) {
    case 'set': {
      const old = before.get(op.field ?? '');
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
        field: name, value: choiceName(field?.choices, op.choice ?? '', say.locale),
      });
    case 'item_add':
      return say.t('words.itemAdd', { field: name });
    case 'item_remove':
      return say.t('words.itemRemove', { field: name });
    case 'item_set':
    case 'item_unset': {
      const member = field?.members?.find((m) => m.key === op.member);
      const full = `${name} · ${member ? (say.locale === 'en' ? member.label.en : member.label.zh) : op.member ?? ''}`;
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

function spliceWords(field: string, op: Operation, say: OperationWords): string {
  const text = cut(op.insert ?? '');
  const n = op.delete ?? 0;
  if (n === 0) return say.t('words.insert', { field, text });
  if (text === '') return say.t('words.delete', { field, n });
  return say.t('words.replace', { field, n, text });
}
