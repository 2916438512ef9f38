import { describe, expect, test, vi } from 'vitest';
import type { Form, HistoryEntry, Operation } from '@/api/types';
import { catalogue, type Key } from '@/messages';
import { counted, marked } from '@/words/counted';
import { historyWords, written, type OperationWords } from '@/words/operations';
import {
  ago,
  dateHere,
  exactTime,
  howLong,
  isAhead,
  localDay,
  localTime,
  startOfDay,
  startOfWeek,
  withLocalTimes,
  zoneAsked,
  zoneNow,
} from '@/words/times';
import { valueWords } from '@/words/values';

const form: Form = {
  code: 'visit',
  version: 1,
  label: { zh: '走访', en: 'Visit' },
  class: 'general',
  fields: [
    { key: 'phone', label: { zh: '联系电话', en: 'Telephone' }, type: 'text' },
    {
      key: 'purpose',
      label: { zh: '目的', en: 'Purpose' },
      type: 'choose_one',
      choices: [{ key: 'care', label: { zh: '关爱', en: 'Care' } }],
    },
    {
      key: 'needs',
      label: { zh: '需求', en: 'Needs' },
      type: 'choose_many',
      choices: [{ key: 'meals', label: { zh: '助餐', en: 'Meals' } }],
    },
    { key: 'notes', label: { zh: '备注', en: 'Notes' }, type: 'long_text' },
    {
      key: 'members',
      label: { zh: '成员', en: 'Members' },
      type: 'group',
      members: [{ key: 'name', label: { zh: '姓名', en: 'Name' }, type: 'text' }],
    },
  ],
};
const said = catalogue as Record<string, readonly [string, string]>;
function sayer(locale: 'zh-CN' | 'en'): OperationWords {
  const which = locale === 'en' ? 1 : 0;
  return {
    locale,
    yes: said['app.yes']![which],
    no: said['app.no']![which],
    recordTitle: (id) => id,
    personName: (person) => (person.user_id === 'u-1' ? '张玮' : person.name),
    t: (key: Key, named = {}) =>
      counted(marked(said[key]![which]).replace(/\{(\w+)\}/g, (_, name: string) => String(named[name]))),
    fieldName: (of, key) => of?.fields.find((f) => f.key === key)?.label[locale === 'en' ? 'en' : 'zh'] ?? key,
    actionName: (_, action) => action,
  };
}
const entry = (n: number, operations: Operation[], more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  entry: `e${n}`,
  stream: 's',
  seq: n,
  class: 'general',
  user_id: 'u',
  user_name: 'n',
  device_id: 'd',
  captured_at: '',
  received_at: '',
  verdict: 'admitted',
  made_at: n === 1 ? [] : ['e1'],
  erased: false,
  words: [],
  found: [],
  operations,
  ...more,
});

describe('a history in words', () => {
  test('says what a value was and what it became', () => {
    const words = historyWords(
      form,
      [
        entry(1, [{ op: 'set', field: 'phone', value: '1' }]),
        entry(2, [{ op: 'set', field: 'phone', value: '2' }], { found: [['1']] }),
      ],
      sayer('en'),
    );
    expect(words).toEqual([['made the record', 'set “Telephone” to “1”'], ['changed “Telephone” from “1” to “2”']]);
  });
  test('says what an author found as the server tells it, with the names of the page', () => {
    const words = historyWords(
      form,
      [
        entry(1, [{ op: 'set', field: 'purpose', value: 'care' }], { found: [['other']] }),
        entry(2, [{ op: 'set', field: 'phone', value: '4' }], { found: [['2', '3']] }),
      ],
      sayer('en'),
    );
    expect(words[0]).toContain('changed “Purpose” from “other” to “Care”');
    expect(words[1]).toEqual(['settled “Telephone” as “4”, and not “2”, “3”']);
  });
  test('says which of the values that stood side by side was chosen', () => {
    const chosen = entry(4, [{ op: 'set', field: 'phone', value: '2' }], { found: [['2', '3']] });
    expect(historyWords(form, [chosen], sayer('zh-CN'))[0]).toEqual(['在“联系电话”的几个值里选定了“2”，没有采用“3”']);
  });
  test('goes by when it was written, of one time by when the server received it and by its place', () => {
    const at = (n: number, received_at: string, seq: number) =>
      entry(n, [], { captured_at: '2026-06-12T09:00:00Z', made_at: ['e0'], received_at, seq });
    const rows = written([
      at(1, '2026-06-13T10:00:00Z', 9),
      at(2, '2026-06-12T10:00:00Z', 3),
      at(3, '2026-06-13T10:00:00Z', 8),
    ]);
    expect(rows.map((e) => e.entry)).toEqual(['e2', 'e3', 'e1']);
  });
  test('says choices by their names in the language asked for', () => {
    const ops: Operation[] = [
      { op: 'set', field: 'purpose', value: 'care' },
      { op: 'choose', field: 'needs', choice: 'meals' },
    ];
    expect(historyWords(form, [entry(2, ops)], sayer('zh-CN'))[0]).toEqual([
      '把“目的”改为“关爱”',
      '在“需求”里选了“助餐”',
    ]);
  });
  test('says splices as text, members by their names, unknown operations without JSON', () => {
    const ops: Operation[] = [
      { op: 'splice', field: 'notes', at: 0, delete: 0, insert: 'a' },
      { op: 'splice', field: 'notes', at: 0, delete: 2, insert: '' },
      { op: 'item_set', field: 'members', item: 'm1', member: 'name', value: '王' },
      { op: 'of_the_future', field: 'x', value: { lat: 1, lon: 2 } },
    ];
    expect(historyWords(form, [entry(2, ops)], sayer('en'))[0]).toEqual([
      'wrote “a” in “Notes”',
      'took 2 characters out of “Notes”',
      'set “Members · Name” to “王”',
      'made a change',
    ]);
  });
});

describe('values in words', () => {
  const say = sayer('en');
  test('a group is read by its members, never as JSON', () => {
    expect(
      valueWords(
        form.fields[4],
        [
          { key: 'm1', name: 'A' },
          { key: 'm2', name: 'B' },
        ],
        say,
      ),
    ).toBe('Name: A\nName: B');
  });
  test('no value is no word', () => {
    for (const none of [null, undefined, '']) expect(valueWords(form.fields[0], none, say)).toBe('');
  });
  test('false and zero are values', () => {
    expect(valueWords(undefined, false, say)).toBe('No');
    expect(valueWords(form.fields[1], { a: 1, b: true }, say)).toBe('a: 1; b: Yes');
    expect(valueWords(undefined, 0, say)).toBe('0');
    // A person is called what they are called now; whoever has no account, as they were written.
    expect(valueWords(undefined, { user_id: 'u-1', name: '张伟' }, say)).toBe('张玮');
    expect(valueWords(undefined, { name: '物业公司' }, say)).toBe('物业公司');
    expect(valueWords(undefined, '物业公司', say)).toBe('物业公司');
  });
});

describe('times', () => {
  test('are local', () => {
    const local = new Date(2026, 5, 13, 9, 5).toISOString();
    expect(localTime(local, 'en')).toBe('06/13/2026, 09:05');
    expect(localTime(local, 'zh-CN')).toBe('2026/06/13 09:05');
  });
  test('are local inside the sentences of the server too', () => {
    const [at, then] = [new Date(2026, 5, 13, 9, 5), new Date(2026, 5, 14, 18, 30)].map((d) => d.toISOString());
    expect(withLocalTimes(`把“时限”由“${at}”改为“${then}”`, 'zh-CN')).toBe(
      '把“时限”由“2026/06/13 09:05”改为“2026/06/14 18:30”',
    );
    expect(withLocalTimes('set “Due” to “2026-06-13T09:05:00.250+08:00”', 'en')).not.toMatch(/T\d\d|Z”/);
    expect(withLocalTimes('2026-06-13 and 2026-99-13T99:00Z', 'en')).toBe('2026-06-13 and 2026-99-13T99:00Z');
    expect(valueWords(undefined, at, sayer('en'))).toBe('06/13/2026, 09:05');
  });
  test('are exact where that is asked for', () => {
    expect(exactTime(new Date(2026, 5, 13, 9, 5, 7).toISOString(), 'en')).toMatch(/^06\/13\/2026, 09:05:07 \S+/);
  });
  test('a day stays the day it is, wherever the clock is', () => {
    expect(localDay('2026-06-13', 'zh-CN')).toBe('2026/06/13');
  });
  test('how long ago counts whole units', () => {
    const now = Date.parse('2026-06-13T12:00:00Z');
    expect(ago('2026-06-13T10:30:00Z', 'en', now)).toBe('1 hour ago');
    expect(ago('2026-06-10T11:00:00Z', 'en', now)).toBe('3 days ago');
  });
  test('a span is said in the largest unit it has two of', () => {
    expect([119, 120, 2880, 4320].map((n) => howLong(n, 'en'))).toEqual(['119 minutes', '2 hours', '2 days', '3 days']);
    expect(howLong(4320, 'zh-CN')).toBe('3天');
  });
  test('today and this week begin at local midnight', () => {
    const sunday = new Date(2026, 5, 14, 23, 59);
    expect(startOfDay(0, sunday)).toBe(new Date(2026, 5, 14).toISOString());
    expect(startOfWeek(sunday)).toBe(new Date(2026, 5, 8).toISOString());
  });
  test('what is to come is told from clocks that differ a little', () => {
    const now = Date.parse('2026-06-13T12:00:00Z');
    expect(isAhead('2026-06-13T12:01:00Z', now)).toBe(false);
    expect(isAhead('2026-06-13T12:03:00Z', now)).toBe(true);
    expect(isAhead(null, now)).toBe(false);
  });
  test('the zone is told with how far it is from UTC', () => {
    const in_ = (minutes: number) => zoneNow({ getTimezoneOffset: () => -minutes } as Date).offset;
    expect([480, 0, -210, 345].map(in_)).toEqual(['UTC+8', 'UTC', 'UTC−3:30', 'UTC+5:45']);
  });
  test('the zone is asked for by its name, which holds in summer and in winter', () => {
    const asked = (timeZone?: string) => {
      const spy = vi.spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions');
      spy.mockReturnValue({ timeZone } as Intl.ResolvedDateTimeFormatOptions);
      const said = zoneAsked({ getTimezoneOffset: () => -480 } as Date);
      spy.mockRestore();
      return said;
    };
    expect([asked('America/New_York'), asked(undefined), asked('Etc/Unknown')]).toEqual([
      'America/New_York',
      '480',
      '480',
    ]);
  });
  test('a file is named by the date on the wall', () => {
    // The UTC date is another one at this hour east of Greenwich.
    const east = {
      getFullYear: () => 2026,
      getMonth: () => 5,
      getDate: () => 4,
      toISOString: () => '2026-06-03T17:00:00Z',
    };
    expect(dateHere(east as unknown as Date)).toBe('2026-06-04');
  });
  test('nothing readable is nothing said', () => expect(localTime('', 'en')).toBe(''));
});

test('one is one and others are more', () => {
  const words = (text: string) => counted(marked(text));
  expect(words('1 record(s), 2 conflict(s)')).toBe('1 record, 2 conflicts');
  expect(words('1,001 record(s)')).toBe('1,001 records');
  expect(words('0 record(s)')).toBe('0 records');
  expect(words('共 1 条')).toBe('共 1 条');
  expect(counted('“form(s) of 2”')).toBe('“form(s) of 2”');
});
