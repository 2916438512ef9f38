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

/** As the server received them; what came in one piece stands in the order it was written. */
export function received(entries: HistoryEntry[]): HistoryEntry[] {
  const by = (a: HistoryEntry, b: HistoryEntry): number =>
    Date.parse(a.received_at) - Date.parse(b.received_at) || a.stream.localeCompare(b.stream) || a.seq - b.seq;
  return [...entries].sort(by);
}

/** The words of each entry, oldest first, in the order of `entries`. */
export function historyWords(form: Form | undefined, entries: HistoryEntry[], say: OperationWords): string[][] {
  const named = new Map(entries.map((entry) => [keyOf(entry, entry.entry), entry]));
  let first = true;
  return entries.map((entry, at) => {
    const lines = entry.operations.map((op) =>
      operationWords(form, op, before(entry, at, entries, named), say, passedOver(op, entry, named)),
    );
    if (first && entry.made_at.length === 0 && entry.verdict !== 'refused') lines.unshift(say.t('words.create'));
    if (entry.verdict !== 'refused') first = false;
    return lines;
  });
}

/** Each class of fields has a log of its own, and names its entries by itself. */
const keyOf = (of: HistoryEntry, name: string): string => `${of.class} ${name}`;

/** The entries that an entry was made after, near and far, by their keys. */
function after(entry: HistoryEntry, named: ReadonlyMap<string, HistoryEntry>): Set<string> {
  const seen = new Set<string>();
  const ahead = [...entry.made_at];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const key = keyOf(entry, name);
    if (seen.has(key)) continue;
    seen.add(key);
    ahead.push(...(named.get(key)?.made_at ?? []));
  }
  return seen;
}

/**
 * The values that stood side by side in a field when an entry wrote it: those of entries that knew nothing
 * of each other. Less than two and nothing was settled.
 */
function passedOver(op: Operation, entry: HistoryEntry, named: ReadonlyMap<string, HistoryEntry>): unknown[] {
  if (op.op !== 'set' || !op.field || entry.made_at.length === 0) return [];
  const writes = (e: HistoryEntry) =>
    e.verdict !== 'refused' && e.operations.some((o) => o.op === 'set' && o.field === op.field);
  const before = after(entry, named);
  const known = [...named].filter(([key, e]) => before.has(key) && writes(e)).map(([, e]) => e);
  if (known.length < 2) return [];
  const older = new Set(known.flatMap((e) => [...after(e, named)]));
  const values = new Map<string, unknown>();
  for (const each of known) {
    if (older.has(keyOf(each, each.entry))) continue;
    const last = each.operations.filter((o) => o.op === 'set' && o.field === op.field).at(-1);
    values.set(JSON.stringify(last?.value), last?.value);
  }
  return values.size < 2 ? [] : [...values.values()];
}

/** What the author of an entry had before them: the values of what it was made after, not of what merely arrived earlier. */
function before(
  entry: HistoryEntry,
  at: number,
  entries: HistoryEntry[],
  named: ReadonlyMap<string, HistoryEntry>,
): Map<string, unknown> {
  const seen = after(entry, named);
  const values = new Map<string, unknown>();
  for (const older of entries.slice(0, at)) {
    if (!seen.has(keyOf(older, older.entry)) || older.verdict === 'refused') continue;
    for (const op of older.operations) {
      if (op.op === 'set' && op.field) values.set(op.field, op.value);
      if (op.op === 'unset' && op.field) values.delete(op.field);
    }
  }
  return values;
}

export function operationWords(
  form: Form | undefined,
  op: Operation,
  before: ReadonlyMap<string, unknown>,
  say: OperationWords,
  stood: unknown[] = [],
): string {
  const field = form?.fields.find((f) => f.key === op.field);
  const name = say.fieldName(form, op.field ?? '');
  const words = (of: Field | undefined, value: unknown) => cut(valueWords(of, value, say)) || say.t('words.emptyText');
  switch (op.op) {
    case 'set': {
      if (stood.length > 0) return settledWords(name, op.value, stood, (value) => words(field, value), say);
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
  stood: unknown[],
  words: (value: unknown) => string,
  say: OperationWords,
): string {
  const same = (other: unknown) => JSON.stringify(other) === JSON.stringify(value);
  const others = stood
    .filter((other) => !same(other))
    .map(words)
    .join(say.locale === 'en' ? '”, “' : '”、“');
  return say.t(stood.some(same) ? 'words.chosen' : 'words.settled', { field, value: words(value), others });
}

function spliceWords(field: string, op: Operation, say: OperationWords): string {
  const text = cut(op.insert ?? '');
  const n = op.delete ?? 0;
  if (n === 0) return say.t('words.insert', { field, text });
  if (text === '') return say.t('words.delete', { field, n });
  return say.t('words.replace', { field, n, text });
}
