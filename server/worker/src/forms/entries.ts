/**
 * What is typed into a form, field by field, and the operations it stands for.
 *
 * What enters is a form with what a record holds; what leaves is operations, and what is no value yet, by path.
 * What never happens here: a look at the store, or a rule of an organisation. Those are the library's.
 */
import type { FieldContent, FieldInfo, FieldKind, FieldValue, Operation } from '@/phone';
import { localMoment } from '@/words/times';

export interface Place {
  latitude: number;
  longitude: number;
}
export interface Item {
  key: string;
  members: Entries;
}
export type Entry =
  | { type: 'words'; text: string }
  | { type: 'yesNo'; yes: boolean | null }
  | { type: 'one'; key: string | null }
  | { type: 'many'; keys: string[] }
  | { type: 'place'; place: Place | null }
  | { type: 'record'; recordId: string | null }
  | { type: 'person'; userId: string | null; name: string }
  | { type: 'items'; items: Item[] };
export type Entries = Record<string, Entry>;
/** Why a text is no value. */
export type Wrong =
  'wholeNumber' | 'number' | 'low' | 'high' | 'long' | 'pattern' | 'moment' | 'half' | 'step' | 'digits';

/** The place of something typed: a field, or a member of an item of a group. */
export const pathOf = (field: string, item?: string, member?: string): string =>
  item === undefined ? field : `${field}/${item}/${member ?? ''}`;

export function emptyEntry(kind: FieldKind): Entry {
  switch (kind.type) {
    case 'Boolean':
      return { type: 'yesNo', yes: null };
    case 'ChooseOne':
      return { type: 'one', key: null };
    case 'ChooseMany':
      return { type: 'many', keys: [] };
    case 'Geopoint':
      return { type: 'place', place: null };
    case 'Reference':
      return { type: 'record', recordId: null };
    case 'Person':
      return { type: 'person', userId: null, name: '' };
    case 'Group':
      return { type: 'items', items: [] };
    default:
      return { type: 'words', text: '' };
  }
}

export function isEmpty(entry: Entry): boolean {
  switch (entry.type) {
    case 'words':
      return entry.text.trim() === '';
    case 'yesNo':
      return entry.yes === null;
    case 'one':
      return entry.key === null;
    case 'many':
      return entry.keys.length === 0;
    case 'place':
      return entry.place === null;
    case 'record':
      return entry.recordId === null;
    case 'person':
      return entry.name.trim() === '';
    case 'items':
      return entry.items.length === 0;
  }
}

/** A value as it is typed. */
function entryOfValue(kind: FieldKind, value: FieldValue): Entry {
  switch (value.type) {
    case 'Text':
      return kind.type === 'Person'
        ? { type: 'person', userId: null, name: value.text }
        : { type: 'words', text: value.text };
    case 'Integer':
      return { type: 'words', text: String(value.number) };
    case 'Decimal':
      return { type: 'words', text: value.number };
    case 'Boolean':
      return { type: 'yesNo', yes: value.yes };
    case 'Date':
      return { type: 'words', text: value.date };
    case 'DateTime':
      return { type: 'words', text: localMoment(value.atMs) };
    case 'Choice':
      return { type: 'one', key: value.key };
    case 'Geopoint':
      return { type: 'place', place: { latitude: value.latitude, longitude: value.longitude } };
    case 'Reference':
      return { type: 'record', recordId: value.recordId };
    case 'Person':
      return { type: 'person', userId: value.userId, name: value.name };
  }
}

function itemOf(members: FieldInfo[], key: string, values: Record<string, FieldValue>): Item {
  return {
    key,
    members: Object.fromEntries(
      members.map((member) => {
        const value = values[member.key];
        return [member.key, value ? entryOfValue(member.kind, value) : emptyEntry(member.kind)];
      }),
    ),
  };
}

/** What a record holds in a field, as it is typed. A counter is typed as a step. */
function entryOfContent(kind: FieldKind, content: FieldContent): Entry {
  switch (content.type) {
    case 'Value':
      return entryOfValue(kind, content.value);
    case 'LongText':
      return { type: 'words', text: content.text };
    case 'Choices':
      return { type: 'many', keys: [...content.keys] };
    case 'Items':
      return kind.type === 'Group'
        ? { type: 'items', items: content.items.map(({ key, members }) => itemOf(kind.members, key, members)) }
        : emptyEntry(kind);
    case 'Count':
      return emptyEntry(kind);
  }
}

/** Everything of a form as it stands in a record, or empty. */
export function entriesOf(fields: FieldInfo[], held: Record<string, FieldContent> = {}): Entries {
  return Object.fromEntries(
    fields.map((field) => {
      const content = held[field.key];
      return [field.key, content ? entryOfContent(field.kind, content) : emptyEntry(field.kind)];
    }),
  );
}

const DECIMAL = /^-?\d{1,18}(\.\d{1,18})?$/;

/** What a text of a person's hand is as a number: digits and signs of any width. */
export const plainNumber = (text: string): string =>
  text
    .trim()
    .normalize('NFKC')
    .replace(/[−–]/g, '-')
    .replace(/。/g, '.')
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.$/, '');

/** Stands in a field of days or moments of which only a part was typed: the browser does not tell which. */
export const HALF = '?';

/** Unicode scalar values, by which the library counts. */
export const charsOf = (text: string): string[] => Array.from(text);

const least = (text: string, bound: string | number | null) => bound !== null && Number(text) < Number(bound);
const most = (text: string, bound: string | number | null) => bound !== null && Number(text) > Number(bound);

type Read = { value: FieldValue | null } | { wrong: Wrong };

/** The value of what is typed; none when nothing is. */
export function readEntry(kind: FieldKind, entry: Entry): Read {
  if (isEmpty(entry)) return { value: null };
  switch (entry.type) {
    case 'yesNo':
      return { value: entry.yes === null ? null : { type: 'Boolean', yes: entry.yes } };
    case 'one':
      return { value: entry.key === null ? null : { type: 'Choice', key: entry.key } };
    case 'place':
      return { value: entry.place && { type: 'Geopoint', ...entry.place } };
    case 'record':
      return { value: entry.recordId === null ? null : { type: 'Reference', recordId: entry.recordId } };
    case 'person':
      return {
        value:
          entry.userId === null
            ? { type: 'Text', text: entry.name.trim() }
            : { type: 'Person', userId: entry.userId, name: entry.name },
      };
    case 'words':
      return readWords(kind, entry.text);
    case 'many':
    case 'items':
      return { value: null };
  }
}

function readWords(kind: FieldKind, text: string): Read {
  if (text === HALF && (kind.type === 'Date' || kind.type === 'DateTime')) return { wrong: 'half' };
  switch (kind.type) {
    case 'Integer': {
      const number = plainNumber(text);
      if (!/^-?\d{1,15}$/.test(number)) return { wrong: 'wholeNumber' };
      if (least(number, kind.min)) return { wrong: 'low' };
      if (most(number, kind.max)) return { wrong: 'high' };
      return { value: { type: 'Integer', number: Number(number) } };
    }
    case 'Decimal': {
      const number = plainNumber(text);
      if (!DECIMAL.test(number)) return { wrong: 'number' };
      if ((number.split('.')[1] ?? '').length > kind.scale) return { wrong: 'digits' };
      if (least(number, kind.min)) return { wrong: 'low' };
      if (most(number, kind.max)) return { wrong: 'high' };
      return { value: { type: 'Decimal', number } };
    }
    case 'Date':
      if (kind.min !== null && text < kind.min) return { wrong: 'low' };
      if (kind.max !== null && text > kind.max) return { wrong: 'high' };
      return { value: { type: 'Date', date: text } };
    case 'DateTime': {
      const atMs = new Date(text).getTime();
      return Number.isNaN(atMs) ? { wrong: 'moment' } : { value: { type: 'DateTime', atMs } };
    }
    case 'Text':
      if (charsOf(text).length > kind.maxChars) return { wrong: 'long' };
      if (kind.pattern !== null && !fits(text, kind.pattern)) return { wrong: 'pattern' };
      return { value: { type: 'Text', text } };
    default:
      return { value: { type: 'Text', text } };
  }
}

/** Whether the whole text matches; a pattern that only the library can read is left to it. */
function fits(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return true;
  }
}

export interface Reading {
  operations: Operation[];
  /** What is typed but no value, by path. */
  wrong: Record<string, Wrong>;
}

const same = (a: Entry | undefined, b: Entry) => JSON.stringify(a) === JSON.stringify(b);

/** The operations that make of what was what is typed now. */
export function operationsOf(fields: FieldInfo[], was: Entries, now: Entries): Reading {
  const reading: Reading = { operations: [], wrong: {} };
  for (const field of fields) {
    const entry = now[field.key];
    const before = was[field.key];
    if (!entry || same(before, entry)) continue;
    readField(field, before ?? emptyEntry(field.kind), entry, reading);
  }
  return reading;
}

function readField({ key: field, kind }: FieldInfo, was: Entry, now: Entry, { operations, wrong }: Reading): void {
  if (kind.type === 'LongText' && now.type === 'words') {
    if (charsOf(now.text).length > kind.maxChars) wrong[pathOf(field)] = 'long';
    else operations.push({ type: 'SetLongText', field, text: now.text });
    return;
  }
  if (kind.type === 'Counter' && now.type === 'words') {
    if (now.text.trim() === '') return;
    const by = plainNumber(now.text);
    if (!/^-?\d{1,7}$/.test(by)) wrong[pathOf(field)] = 'wholeNumber';
    else if (Math.abs(Number(by)) > kind.maxStep) wrong[pathOf(field)] = 'step';
    else if (Number(by) !== 0) operations.push({ type: 'Count', field, by: Number(by) });
    return;
  }
  if (now.type === 'many') {
    const had = was.type === 'many' ? was.keys : [];
    for (const choice of now.keys) if (!had.includes(choice)) operations.push({ type: 'Choose', field, choice });
    for (const choice of had) if (!now.keys.includes(choice)) operations.push({ type: 'Unchoose', field, choice });
    return;
  }
  if (now.type === 'items') {
    if (kind.type === 'Group')
      readItems(field, kind.members, was.type === 'items' ? was.items : [], now.items, { operations, wrong });
    return;
  }
  const read = readEntry(kind, now);
  if ('wrong' in read) wrong[pathOf(field)] = read.wrong;
  else if (read.value) operations.push({ type: 'Set', field, value: read.value });
  else operations.push({ type: 'Unset', field });
}

function readItems(field: string, members: FieldInfo[], had: Item[], have: Item[], reading: Reading): void {
  for (const item of have) {
    const before = had.find(({ key }) => key === item.key);
    if (!before) reading.operations.push({ type: 'AddItem', field, item: item.key });
    for (const { key: member, kind } of members) {
      const now = item.members[member];
      const was = before?.members[member] ?? emptyEntry(kind);
      if (!now || same(was, now)) continue;
      const read = readEntry(kind, now);
      if ('wrong' in read) reading.wrong[pathOf(field, item.key, member)] = read.wrong;
      else if (read.value)
        reading.operations.push({ type: 'SetMember', field, item: item.key, member, value: read.value });
      else if (before) reading.operations.push({ type: 'UnsetMember', field, item: item.key, member });
    }
  }
  for (const { key } of had)
    if (!have.some((item) => item.key === key)) reading.operations.push({ type: 'RemoveItem', field, item: key });
}

/** What stands in the form once operations were made on it: how a draft is shown again. */
export function applied(fields: FieldInfo[], was: Entries, operations: Operation[]): Entries {
  const now = structuredClone(was);
  const kinds = new Map(fields.map((field) => [field.key, field.kind]));
  for (const operation of operations) {
    if (!('field' in operation)) continue;
    const kind = kinds.get(operation.field);
    if (kind) now[operation.field] = after(kind, now[operation.field] ?? emptyEntry(kind), operation);
  }
  return now;
}

function after(kind: FieldKind, entry: Entry, operation: Operation): Entry {
  switch (operation.type) {
    case 'Set':
      return entryOfValue(kind, operation.value);
    case 'Unset':
      return emptyEntry(kind);
    case 'SetLongText':
      return { type: 'words', text: operation.text };
    case 'Splice': {
      const chars = entry.type === 'words' ? charsOf(entry.text) : [];
      chars.splice(operation.at, operation.delete, operation.insert);
      return { type: 'words', text: chars.join('') };
    }
    case 'Count':
      return { type: 'words', text: String(operation.by) };
    case 'Choose':
      return { type: 'many', keys: [...chosen(entry).filter((key) => key !== operation.choice), operation.choice] };
    case 'Unchoose':
      return { type: 'many', keys: chosen(entry).filter((key) => key !== operation.choice) };
    case 'AddItem':
    case 'RemoveItem':
    case 'SetMember':
    case 'UnsetMember':
      return kind.type === 'Group' ? { type: 'items', items: itemsAfter(kind.members, entry, operation) } : entry;
    case 'Transition':
    case 'Delete':
    case 'Restore':
      return entry;
  }
}

const chosen = (entry: Entry) => (entry.type === 'many' ? entry.keys : []);

type ItemOperation = Extract<Operation, { item: string }>;

function itemsAfter(members: FieldInfo[], entry: Entry, operation: ItemOperation): Item[] {
  const items = entry.type === 'items' ? entry.items : [];
  if (operation.type === 'RemoveItem') return items.filter(({ key }) => key !== operation.item);
  const found = items.find(({ key }) => key === operation.item);
  const item = found ?? itemOf(members, operation.item, {});
  const member = 'member' in operation ? members.find(({ key }) => key === operation.member) : undefined;
  if (member)
    item.members[member.key] =
      operation.type === 'SetMember' ? entryOfValue(member.kind, operation.value) : emptyEntry(member.kind);
  return found ? items : [...items, item];
}

/** Texts that are no values yet, to be kept beside the operations of a draft. */
export function unread(entries: Entries, wrong: Record<string, Wrong>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const path of Object.keys(wrong)) {
    const entry = at(entries, path);
    if (entry?.type === 'words') kept[path] = entry.text;
  }
  return kept;
}

/** Puts such texts back. */
export function putBack(entries: Entries, kept: Record<string, string>): void {
  for (const [path, text] of Object.entries(kept)) {
    const entry = at(entries, path);
    if (entry?.type === 'words') entry.text = text;
  }
}

function at(entries: Entries, path: string): Entry | undefined {
  const [field = '', item, member = ''] = path.split('/');
  const entry = entries[field];
  if (item === undefined || entry?.type !== 'items') return entry;
  return entry.items.find(({ key }) => key === item)?.members[member];
}

let newest = 0;

/** A new item. Items stand in the order of their keys, so a key begins with when it was made. */
export function newItem(members: FieldInfo[]): Item {
  newest = Math.max(newest + 1, Date.now());
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  const chance = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return itemOf(members, `${newest.toString(16).padStart(12, '0')}${chance}`, {});
}
