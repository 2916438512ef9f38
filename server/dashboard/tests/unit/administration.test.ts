import { expect, test } from 'vitest';
import { sizeWords, thingsOf } from '@/words/audit';
import { each, newProgress } from '@/app/bulk';
import { draftOf, HOURS_MOST, kindsOf, newDraft, wrongIn } from '@/words/catalogue';
import { ordered } from '@/words/order';
import { daysOf } from '@/words/retention';

test('days to keep are whole numbers within the limits, nothing typed is no limit', () => {
  expect(daysOf(' 730 ')).toBe(730);
  expect(daysOf('')).toBeNull();
  for (const bad of ['29', '36501', '-40', '30.5', '1e3', '两年']) expect(daysOf(bad), bad).toBeUndefined();
});
test('names are ordered by their numbers, and what has no value stands last in both directions', () => {
  const rows = [
    { n: '10号楼', at: 5 },
    { n: '9号楼', at: null },
    { n: '1号楼', at: 9 },
  ];
  expect(ordered(rows, (r) => r.n, false, 'zh-CN').map((r) => r.n)).toEqual(['1号楼', '9号楼', '10号楼']);
  expect(ordered(rows, (r) => r.at, false, 'zh-CN').map((r) => r.at)).toEqual([5, 9, null]);
  expect(ordered(rows, (r) => r.at, true, 'zh-CN').map((r) => r.at)).toEqual([9, 5, null]);
});
test('an act on many goes on after a failure and ends when it is stopped', async () => {
  const progress = newProgress();
  const seen: string[] = [];
  const items = ['a', 'b', 'c', 'd'].map((record_id) => ({ record_id, title: record_id }));
  await each(
    items,
    progress,
    ({ record_id }) => {
      seen.push(record_id);
      return record_id === 'a' ? Promise.reject(new Error('refused')) : Promise.resolve();
    },
    () => seen.length === 3,
  );
  expect(seen).toEqual(['a', 'b', 'c']);
  expect([progress.done, progress.all, [...progress.failed.keys()]]).toEqual([3, 4, ['a']]);
});
test('a deadline that is no number of hours is told, never made into one', () => {
  const row = { ...newDraft(), code: 'A', label: { zh: '甲', en: 'A' }, department: 'D' };
  for (const bad of ['-5', '0', '1.5', 'soon', String(HOURS_MOST + 1)])
    expect(wrongIn([{ ...row, deadline: bad }]), bad).toEqual([['deadline']]);
  expect(
    wrongIn([
      { ...row, deadline: '48' },
      { ...row, code: 'B' },
    ]),
  ).toEqual([[], []]);
  expect(wrongIn([row, { ...row, department: ' ' }])).toEqual([['twice'], ['incomplete', 'twice']]);
});
test('a catalogue is the same after it was drafted', () => {
  const kinds = [
    { code: 'A', label: { zh: '甲', en: 'A' }, department: 'D', deadline_hours: 48, evidence: ['photo'] },
    { code: 'B', label: { zh: '乙', en: 'B' }, department: 'D' },
  ];
  expect(kindsOf(draftOf(kinds))).toEqual(kinds);
});
test('what an audit row is about is read part by part', () => {
  expect(thingsOf('user:01a1 area:12 odd')).toEqual([
    { kind: 'user', id: '01a1' },
    { kind: 'area', id: '12' },
    { kind: '', id: 'odd' },
  ]);
  expect(thingsOf('')).toEqual([]);
});
test('a file is as large as people say it', () => {
  expect(sizeWords(132, 'en')).toBe('132 byte');
  expect(sizeWords(5932, 'zh-CN')).toMatch(/^5\.8\s?(kB|千字节)$/);
  expect(sizeWords(3 * 1024 ** 2, 'en')).toBe('3 MB');
});
