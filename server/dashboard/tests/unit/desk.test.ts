import { describe, expect, test } from 'vitest';
import type { Field, Form, HistoryEntry, MatterKind } from '@/api/types';
import { endsOf } from '@/words/ends';
import { askedAtFirst, changedIn, entered, holds } from '@/words/entering';
import { above, departmentOf, kindNamed, kindsFor, propose } from '@/words/kinds';
import { formsAround, householdField, kindField } from '@/words/meaning';
import { instantOf, untilWords, withDayEnd } from '@/words/times';
import { valueWords } from '@/words/values';

const label = { zh: '', en: '' };
const field = (key: string, type: Field['type'], more: Partial<Field> = {}): Field => ({ key, label, type, ...more });
const form = (code: string, fields: Field[], more: Partial<Form> = {}): Form => ({
  code,
  version: 1,
  label,
  class: 'general',
  fields,
  ...more,
});

describe('a day that becomes an instant', () => {
  const noon = new Date(2026, 5, 13, 12, 30);
  test('begins at its midnight, ends in its last second, and is over at the next midnight', () => {
    expect(instantOf(noon, 'begins')).toEqual(new Date(2026, 5, 13));
    expect(instantOf(noon, 'ends')).toEqual(new Date(2026, 5, 13, 23, 59, 59));
    expect(instantOf(noon, 'over')).toEqual(new Date(2026, 5, 14));
  });
  test('is due when it ends, however it is typed, and a time stays the time', () => {
    for (const typed of ['2026-06-03', '2026/6/3', ' 2026年6月3日 '])
      expect(withDayEnd(typed)).toBe('2026-06-03 23:59:59');
    for (const typed of ['2026-06-03 09:00:00', '', '明天', '06-03']) expect(withDayEnd(typed)).toBeNull();
  });
  test('is shown as the day, and a time as the time', () => {
    const ends = instantOf(noon, 'ends').toISOString();
    expect(untilWords(ends, 'zh-CN')).toBe('2026/06/13');
    expect(untilWords(noon.toISOString(), 'zh-CN')).toBe('2026/06/13 12:30');
    const say = {
      locale: 'zh-CN' as const,
      yes: '',
      no: '',
      personName: (person: { name: string }) => person.name,
      recordTitle: (id: string) => id,
    };
    expect(valueWords(field('due', 'date_time', { means: 'due' }), ends, say)).toBe('2026/06/13');
    expect(valueWords(field('at', 'date_time'), ends, say)).toBe('2026/06/13 23:59');
  });
});

describe('the kinds of the catalogue', () => {
  const kind = (code: string, zh: string, more: Partial<MatterKind> = {}): MatterKind => ({
    code,
    label: { zh, en: code },
    department: '市政',
    ...more,
  });
  const light = kind('street_light', '路灯损坏', { deadline_hours: 72 });
  const old = kind('old', '旧的', { retired: true });
  const other = kind('other', '其他', { department: '社区' });
  const kinds = [light, old, other];
  const matter = form(
    'matter',
    [
      field('kind', 'text'),
      field('dept', 'text', { means: 'accountable' }),
      field('due', 'date_time', { means: 'due' }),
    ],
    { means: 'matter' },
  );
  const all = ['kind', 'dept', 'due'];

  test('are found by code and name in any width and case, and offered while they are not retired', () => {
    expect(kindNamed(kinds, ' ＳTREET_light ')).toBe(light);
    expect(kindNamed(kinds, '路灯损坏')).toBe(light);
    expect(kindNamed(kinds, '路灯')).toBeUndefined();
    expect(kindsFor(kinds, '路灯')).toEqual([light]);
    expect(kindsFor(kinds, 'street')).toEqual([light]);
    expect(kindsFor(kinds, '')).toEqual([light, other]);
  });
  test('propose department and due time, and never over what a person wrote', () => {
    const lamp = { department: '市政', due: '2026-06-16T00:00:00.000Z' };
    const first = propose(matter, { kind: '路灯损坏' }, {}, lamp, all);
    expect(first.values).toEqual({ kind: '路灯损坏', dept: '市政', due: '2026-06-16T00:00:00.000Z' });
    const changed = { ...first.values, dept: '物业' };
    const second = propose(matter, changed, first.made, { department: '社区', due: null }, all);
    expect(second.values).toEqual({ kind: '路灯损坏', dept: '物业', due: null });
    expect(propose(matter, {}, {}, { department: null, due: null }, all).values).toEqual({});
  });
  test('propose nothing that the person may not write', () => {
    const lamp = { department: '市政', due: '2026-06-16T00:00:00.000Z' };
    expect(propose(matter, {}, {}, lamp, ['kind', 'dept']).values).toEqual({ dept: '市政' });
  });
  test('lie in others, whose department they take over, and which are not chosen', () => {
    const top = kind('env', '市容环境');
    const leaf = kind('bulky', '大件垃圾', { parent: 'env', department: '' });
    expect(departmentOf([top, leaf], leaf)).toBe('市政');
    expect(above([top, leaf], leaf)).toEqual([top]);
    expect(kindsFor([top, leaf], '')).toEqual([leaf]);
    expect(kindsFor([top, leaf], '市容')).toEqual([leaf]);
  });
  test('belong to the field that means the kind, and to that of the built-in matters', () => {
    expect(kindField(matter)?.key).toBe('kind');
    const own = form('own', [field('kind', 'text'), field('sort', 'text', { means: 'kind' })], { means: 'matter' });
    expect(kindField(own)?.key).toBe('sort');
    expect(kindField(form('note', [field('kind', 'text')]))).toBeUndefined();
  });
});

describe('what is entered', () => {
  const fields = [
    field('checked', 'boolean'),
    field('finding', 'text', { visible_if: { equals: ['checked', true] } }),
    field('people', 'group', { members: [field('name', 'text')] }),
    field('due', 'date_time', { writable_by: ['supervisor'] }),
    field('reply', 'text', { means: 'reply' }),
    field('times', 'counter'),
  ];
  test('asks for what the person may write, and not for what comes later or is counted', () => {
    const keys = (roles: ('worker' | 'supervisor')[]) => askedAtFirst(form('f', fields), roles).map((f) => f.key);
    expect(keys(['worker'])).toEqual(['checked', 'finding', 'people']);
    expect(keys(['supervisor'])).toEqual(['checked', 'finding', 'people', 'due']);
  });
  test('asks of a matter first who says so, and never what is told later or by receipt', () => {
    const matter = form('m', [
      field('what', 'text'),
      field('asked', 'date_time', { means: 'asked_due' }),
      field('content', 'choose_one', { means: 'satisfaction' as never }),
      field('who', 'text', { class: 'personal' }),
      field('phone', 'text', { class: 'personal' }),
    ]);
    const keys = (more: Partial<Form>) => askedAtFirst({ ...matter, ...more }, ['supervisor']).map((f) => f.key);
    expect(keys({ means: 'matter' })).toEqual(['who', 'phone', 'what']);
    expect(keys({ means: 'visit' })).toEqual(['what', 'who', 'phone']);
  });
  test('sends nothing that is hidden or empty', () => {
    const people = [
      { key: 'a', name: '王' },
      { key: 'b', name: ' ' },
    ];
    expect(entered(fields, { checked: false, finding: '松动', people })).toEqual({
      checked: false,
      people: [{ key: 'a', name: '王' }],
    });
    expect(entered(fields, { checked: true, finding: '松动' })).toEqual({ checked: true, finding: '松动' });
  });
  test('sends of several fields only those that changed', () => {
    const before = { checked: true, finding: '松动', due: null };
    expect(changedIn(fields, before, { checked: true, finding: '', due: null })).toEqual({ finding: '' });
    expect(changedIn(fields, before, before)).toEqual({});
  });
  test('shows a field by every kind of condition', () => {
    const values = { a: 1, list: ['x'] };
    expect(holds({ includes: ['list', 'x'] }, values)).toBe(true);
    expect(holds({ all: [{ present: 'a' }, { not: { present: 'b' } }] }, values)).toBe(true);
    expect(holds({ any: [{ present: 'b' }, { equals: ['a', 2] }] }, values)).toBe(false);
  });
});

test('all forms that say whom they are about belong to a household, and those that refer to such', () => {
  const household = form('home', [], { means: 'household' });
  const visit = form('call', [field('whom', 'reference', { means: 'household', form: 'home' })], { means: 'visit' });
  const matter = form('repair', [field('at', 'reference', { means: 'household', form: 'home' })], { means: 'matter' });
  const task = form('errand', [field('for', 'reference', { means: 'about', form: 'repair' })], { means: 'task' });
  const strange = form('other', [field('to', 'reference', { means: 'household', form: 'elsewhere' })]);
  const around = formsAround([task, household, strange, matter, visit], 'home');
  expect(around.map(({ form, linked }) => [form.code, linked])).toEqual([
    ['call', false],
    ['repair', false],
    ['errand', true],
  ]);
  // A task that says whom it is about is found by its matter too.
  const says = form(
    'errand',
    [
      field('for', 'reference', { means: 'about', form: 'repair' }),
      field('whom', 'reference', { means: 'household', form: 'home' }),
    ],
    { means: 'task' },
  );
  expect(formsAround([says, matter], 'home').map(({ linked }) => linked)).toEqual([false, true]);
  const implied = form('old', [field('h', 'reference', { form: 'household' })]);
  expect(householdField(implied)?.key).toBe('h');
});

describe('the two ends of a history', () => {
  const edit = (n: number, captured: string, received: string, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
    entry: `e${n}`,
    stream: 's',
    seq: n,
    class: 'general',
    user_id: 'u',
    user_name: `人${n}`,
    device_id: 'd',
    captured_at: `2026-06-13T${captured}:00Z`,
    received_at: `2026-06-13T${received}:00Z`,
    verdict: 'admitted',
    made_at: n === 1 ? [] : ['e1'],
    erased: false,
    words: [],
    found: [],
    operations: [],
    ...more,
  });
  test('have each the times of one edit, and a step at the desk makes no record late', () => {
    const ends = endsOf([edit(1, '00:00', '00:10'), edit(2, '16:00', '16:00')]);
    expect(ends?.first).toMatchObject({
      captured: '2026-06-13T00:00:00Z',
      received: '2026-06-13T00:10:00Z',
      lateMinutes: 0,
    });
    expect(ends?.last).toMatchObject({ captured: '2026-06-13T16:00:00Z', who: '人2', lateMinutes: 0 });
  });
  test('say how much later the same edit arrived, and leave out what was refused', () => {
    const ends = endsOf([edit(1, '00:00', '16:00'), edit(2, '17:00', '17:00', { verdict: 'refused' })]);
    expect(ends?.first.lateMinutes).toBe(960);
    expect(ends?.last).toBeNull();
    expect(endsOf([])).toBeNull();
  });
  test('of a record that was moved begin where it was first written, and the move is no change of it', () => {
    const before = { captured: '2026-05-01T00:00:00Z', received: '2026-05-01T02:00:00Z' };
    const moved = endsOf([edit(1, '16:00', '16:00')], before);
    expect(moved?.first).toMatchObject({ ...before, lateMinutes: 120 });
    expect(moved?.last).toBeNull();
    const changed = endsOf([edit(1, '16:00', '16:00'), edit(2, '17:00', '17:00')], before);
    expect(changed?.last?.who).toBe('人2');
  });
  test('say what a clock showed that cannot have been right', () => {
    const claimed_at = '2031-01-01T00:00:00Z';
    expect(endsOf([edit(1, '16:00', '16:00', { claimed_at })])?.first.claimed).toBe(claimed_at);
    expect(endsOf([edit(1, '16:00', '16:00')])?.first.claimed).toBeUndefined();
  });
});
