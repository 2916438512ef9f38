import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeCode, newForm, readDraft } from '@/words/formDraft';
import { lineOf, readJson } from '@/words/jsonText';

const label = { zh: '甲', en: 'A' };
const form = (more: object = {}) => ({ ...newForm('own'), ...more });
/** What is told of a form, in short. */
const told = (of: unknown) => readDraft(JSON.stringify(of)).faults.map((f) => `${f.path} ${f.why}`);

test('JSON is read as the browser reads it, with the place of each value', () => {
  const text = '{"a": [1, -2.5e3, "\\u4e2d\\n", true, null], "b": {}, "c": []}';
  const read = readJson(text);
  expect('value' in read && read.value).toEqual(JSON.parse(text));
  expect('at' in read && read.at.get('a[1]')).toBe(text.indexOf('-2.5'));
});
test('a mistake in JSON has its kind, its place and the value that it is in', () => {
  const wrong = (text: string) => {
    const read = readJson(text);
    if (!('why' in read)) return 'right';
    const { line, column } = lineOf(text, read.offset);
    return `${line}:${column} ${read.path} ${read.why}`.replace('  ', ' ');
  };
  expect(wrong('{"a": 1}')).toBe('right');
  expect(wrong('{ "code": ')).toBe('1:11 code value');
  expect(wrong('{\n "甲": 1\n "b": 2}')).toBe('3:2 comma');
  expect(wrong('{"fields": [{"key": "a",}]}')).toBe('1:25 fields[0] comma_more');
  expect(wrong('[1, 2,]')).toBe('1:7 comma_more');
  expect(wrong('{"a" 1}')).toBe('1:6 a colon');
  expect(wrong('{a: 1}')).toBe('1:2 member');
  expect(wrong('{"a": "x\n"}')).toBe('1:7 a open');
  expect(wrong('{"a": "\\x"}')).toBe('1:8 a escape');
  expect(wrong('{"a": 01}')).toBe('1:7 a number');
  expect(wrong('{"a": True}')).toBe('1:7 a value');
  expect(wrong('{"a": 1, "a": 2}')).toBe('1:10 a twice');
  expect(wrong('{} {}')).toBe('1:4 after');
  expect(wrong('['.repeat(100))).toMatch(/deep$/);
});
test('what a new form begins with can be published, under a code that is free', () => {
  expect(told(newForm('own'))).toEqual([]);
  expect(readDraft(JSON.stringify(newForm('own'))).form?.fields.length).toBe(5);
  expect(freeCode(['visit'])).toBe('new_form');
  expect(freeCode(['new_form', 'new_form_2'])).toBe('new_form_3');
});
test('what the server could not read as a form is told with its path', () => {
  expect(told(form({ fields: [{ key: 'title', label, type: 'txt' }] }))).toEqual(['fields[0].type one_of']);
  expect(told(form({ version: '1' }))).toEqual(['version kind']);
  expect(told(form({ class: 'secret' }))).toEqual(['class one_of']);
  expect(told(form({ title: 'gone' }))).toEqual(['title no_field']);
  expect(told(form({ label: { zh: '甲' } }))).toEqual(['label missing']);
  expect(told(form({ code: '报修' }))).toEqual(['code key']);
  const title = { key: 'title', label, type: 'text' };
  expect(told(form({ fields: [title, title] }))).toEqual(['fields[1].key same']);
  expect(told(form({ fields: [title, { key: 'a', label, type: 'choose_one' }] }))).toEqual(['fields[1] missing']);
  const group = { key: 'g', label, type: 'group', members: [{ key: 'm', label, type: 'no' }] };
  expect(told(form({ fields: [title, group] }))).toEqual(['fields[1].members[0].type one_of']);
  const step = { action: 'end', label, from: ['begun'], to: 'over', roles: ['boss'] };
  const lifecycle = { initial: 'begun', statuses: [{ key: 'begun', label, rank: 1 }], transitions: [step] };
  expect(told(form({ lifecycle }))).toEqual([
    'lifecycle.transitions[0].roles[0] one_of',
    'lifecycle.transitions[0].to no_status',
  ]);
  expect(told([])).toEqual([' kind']);
});
test('a key that does nothing is a hint, and can be published', () => {
  const [fault] = readDraft(
    JSON.stringify(form({ fields: [{ key: 'title', label, type: 'text', requird: true }] })),
  ).faults;
  expect([fault?.path, fault?.hint]).toEqual(['fields[0].requird', true]);
});

test('nothing is told of the forms that the server comes with', () => {
  const forms = join(import.meta.dirname, '../../../../sync-core/forms');
  const files = readdirSync(forms, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files)
    expect([file, readDraft(readFileSync(join(forms, file), 'utf8')).faults]).toEqual([file, []]);
});
