import { expect, test } from 'vitest';
import type { FieldInfo, FieldKind, Operation } from '@gridfold/phone';
import {
  applied,
  entriesOf,
  newItem,
  operationsOf,
  plainNumber,
  putBack,
  unread,
  type Entries,
  type Entry,
} from '@/forms/entries';
import { formOf } from './double';

const field = (key: string, kind: FieldKind): FieldInfo => ({
  key,
  label: key,
  kind,
  means: null,
  required: false,
  sensitivity: 'General',
  writable: true,
  conditional: false,
});
const words = (text: string): Entry => ({ type: 'words', text });

/** The operations of one field that was empty. */
function typed(kind: FieldKind, entry: Entry) {
  const fields = [field('x', kind)];
  return operationsOf(fields, entriesOf(fields), { x: entry });
}

test('every type of a field becomes its operation', () => {
  const set = (kind: FieldKind, entry: Entry) => typed(kind, entry).operations;
  expect(set({ type: 'Text', maxChars: 5, pattern: null }, words('电灯坏'))).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Text', text: '电灯坏' } },
  ]);
  expect(set({ type: 'LongText', maxChars: 5 }, words('长'))).toEqual([
    { type: 'SetLongText', field: 'x', text: '长' },
  ]);
  expect(set({ type: 'Integer', min: 0, max: 9 }, words('７'))).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Integer', number: 7 } },
  ]);
  expect(set({ type: 'Decimal', min: null, max: null, scale: 1 }, words('-3.5'))).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Decimal', number: '-3.5' } },
  ]);
  expect(set({ type: 'Boolean' }, { type: 'yesNo', yes: false })).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Boolean', yes: false } },
  ]);
  expect(set({ type: 'Date', min: null, max: null }, words('2026-06-13'))).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Date', date: '2026-06-13' } },
  ]);
  const atMs = new Date('2026-06-13T08:30').getTime();
  expect(set({ type: 'DateTime' }, words('2026-06-13T08:30'))).toEqual([
    { type: 'Set', field: 'x', value: { type: 'DateTime', atMs } },
  ]);
  expect(set({ type: 'ChooseOne', choices: [] }, { type: 'one', key: 'a' })).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Choice', key: 'a' } },
  ]);
  expect(set({ type: 'ChooseMany', choices: [] }, { type: 'many', keys: ['a', 'b'] })).toEqual([
    { type: 'Choose', field: 'x', choice: 'a' },
    { type: 'Choose', field: 'x', choice: 'b' },
  ]);
  expect(set({ type: 'Geopoint' }, { type: 'place', place: { latitude: 39, longitude: 117 } })).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Geopoint', latitude: 39, longitude: 117 } },
  ]);
  expect(set({ type: 'Reference', form: 'household' }, { type: 'record', recordId: 'r' })).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Reference', recordId: 'r' } },
  ]);
  expect(set({ type: 'Person' }, { type: 'person', userId: 'u', name: '王芳' })).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Person', userId: 'u', name: '王芳' } },
  ]);
  expect(set({ type: 'Person' }, { type: 'person', userId: null, name: '邻居' })).toEqual([
    { type: 'Set', field: 'x', value: { type: 'Text', text: '邻居' } },
  ]);
  expect(set({ type: 'Counter', maxStep: 5 }, words('2'))).toEqual([{ type: 'Count', field: 'x', by: 2 }]);
});

test('what is no value is said and not written', () => {
  const wrong = (kind: FieldKind, text: string) => {
    const { operations, wrong: said } = typed(kind, words(text));
    expect(operations).toEqual([]);
    return said.x;
  };
  expect(wrong({ type: 'Integer', min: 0, max: 9 }, '七')).toBe('wholeNumber');
  expect(wrong({ type: 'Integer', min: 0, max: 9 }, '-1')).toBe('low');
  expect(wrong({ type: 'Integer', min: 0, max: 9 }, '10')).toBe('high');
  expect(wrong({ type: 'Decimal', min: null, max: null, scale: 1 }, '1.25')).toBe('digits');
  expect(wrong({ type: 'Text', maxChars: 2, pattern: null }, '三个字')).toBe('long');
  expect(wrong({ type: 'Text', maxChars: 20, pattern: '[0-9]+' }, '1a')).toBe('pattern');
  expect(wrong({ type: 'LongText', maxChars: 2 }, '三个字')).toBe('long');
  expect(wrong({ type: 'Counter', maxStep: 5 }, '6')).toBe('step');
});

test('a number is read whatever width its digits have', () => {
  expect(plainNumber(' ３．５ ')).toBe('3.5');
  expect(plainNumber('.5')).toBe('0.5');
  expect(plainNumber('−2')).toBe('-2');
  expect(plainNumber('+7')).toBe('7');
});

test('an item of a group is added, changed and taken away by its key', () => {
  const { fields } = formOf('household');
  const members = fields.find(({ key }) => key === 'members')!;
  if (members.kind.type !== 'Group') throw new Error('members is a group');
  const was = entriesOf(fields);
  const item = newItem(members.kind.members);
  expect(item.key).toMatch(/^[0-9a-f]{24}$/);
  item.members.name = words('张三');
  const now: Entries = { ...was, members: { type: 'items', items: [item] } };
  const { operations } = operationsOf(fields, was, now);
  expect(operations).toEqual([
    { type: 'AddItem', field: 'members', item: item.key },
    { type: 'SetMember', field: 'members', item: item.key, member: 'name', value: { type: 'Text', text: '张三' } },
  ]);
  expect(operationsOf(fields, now, was).operations).toEqual([{ type: 'RemoveItem', field: 'members', item: item.key }]);
});

test('a draft shows again what was typed, whatever it is', () => {
  for (const name of ['visit', 'household', 'matter', 'task', 'meeting']) {
    const { fields } = formOf(name);
    const was = entriesOf(fields);
    const now = structuredClone(was);
    for (const { key, kind } of fields) now[key] = sample(kind);
    const { operations, wrong } = operationsOf(fields, was, now);
    expect(wrong).toEqual({});
    expect(applied(fields, was, operations)).toEqual(now);
  }
});

function sample(kind: FieldKind): Entry {
  switch (kind.type) {
    case 'Boolean':
      return { type: 'yesNo', yes: true };
    case 'ChooseOne':
      return { type: 'one', key: kind.choices[0]!.key };
    case 'ChooseMany':
      return { type: 'many', keys: kind.choices.map(({ key }) => key) };
    case 'Geopoint':
      return { type: 'place', place: { latitude: 39.1, longitude: 117.2 } };
    case 'Reference':
      return { type: 'record', recordId: 'r1' };
    case 'Person':
      return { type: 'person', userId: 'u1', name: '王芳' };
    case 'Group': {
      const item = newItem(kind.members);
      for (const member of kind.members) item.members[member.key] = sample(member.kind);
      return { type: 'items', items: [item] };
    }
    case 'Date':
      return words('2026-06-13');
    case 'DateTime':
      return words('2026-06-13T08:30');
    case 'Integer':
    case 'Decimal':
      return words(String(kind.min ?? 1));
    case 'Counter':
      return words('1');
    case 'Text':
      return words(kind.pattern === null ? '字' : '13900000001');
    default:
      return words('字');
  }
}

test('a number that is half typed is kept beside the operations', () => {
  const { fields } = formOf('visit');
  const was = entriesOf(fields);
  const now: Entries = { ...was, temperature: words('21.') };
  now.minutes = words('二十');
  const { operations, wrong } = operationsOf(fields, was, now);
  expect(Object.keys(wrong)).toEqual(['minutes']);
  const kept = unread(now, wrong);
  const again = applied(fields, was, operations);
  putBack(again, kept);
  expect(again.minutes).toEqual(words('二十'));
});

test('splices of a draft made elsewhere are shown, by scalar values', () => {
  const fields = [field('x', { type: 'LongText', maxChars: 50 })];
  const operations: Operation[] = [
    { type: 'SetLongText', field: 'x', text: '𠮷a' },
    { type: 'Splice', field: 'x', at: 1, delete: 1, insert: 'b' },
  ];
  expect(applied(fields, entriesOf(fields), operations).x).toEqual(words('𠮷b'));
});
