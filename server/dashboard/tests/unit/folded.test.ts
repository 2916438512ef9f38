import { expect, test } from 'vitest';
import type { HistoryEntry, Operation } from '@/api/types';
import { folded, isLong } from '@/words/folded';
import { written } from '@/words/operations';

const entry = (n: number, user: string, op: Operation, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  entry: `e${n}`,
  stream: 's',
  seq: n,
  class: 'general',
  user_id: user,
  user_name: user,
  device_id: 'd',
  captured_at: new Date(2026, 5, 13, 9, n).toISOString(),
  received_at: new Date(2026, 5, 13, 10, n).toISOString(),
  verdict: 'admitted',
  made_at: n === 0 ? [] : ['e'],
  erased: false,
  words: [],
  found: [],
  operations: [op],
  ...more,
});
const one: Operation = { op: 'count', field: 'visits', by: 1 };
const set: Operation = { op: 'set', field: 'phone', value: '1' };
const told = (...entries: HistoryEntry[]) =>
  entries.map((e) => ({ entry: e, words: e.operations.map((op) => `${op.op} ${op.field}`) }));
const counted = (field: string, by: number) => `${field} +${by}`;

test('forty entries of one day and person are one, and what was counted is one line of it', () => {
  const all = Array.from({ length: 40 }, (_, i) => entry(i + 1, 'li', one));
  const folds = folded(told(...all), counted);
  expect(folds.map((f) => [f.entries.length, f.lines])).toEqual([[40, ['visits +40']]]);
});
test('another person, another day and what stands out are by themselves', () => {
  const folds = folded(
    told(
      entry(0, 'li', set),
      entry(1, 'li', set),
      entry(2, 'li', one),
      entry(3, 'wang', set),
      entry(4, 'li', set),
      entry(5, 'li', set, { captured_at: new Date(2026, 5, 14, 9).toISOString() }),
      entry(6, 'li', set, { verdict: 'refused' }),
      entry(7, 'li', set, { verdict: 'late' }),
      entry(8, 'li', one, { verdict: 'late' }),
      entry(9, 'li', set, { erased: true, operations: [] }),
    ),
    counted,
  );
  expect(folds.map((f) => f.entries.map((e) => e.seq))).toEqual([[0], [1, 2], [3], [4], [5], [6], [7, 8], [9]]);
  expect(folds.map((f) => f.makes).indexOf(true)).toBe(0);
});
test('days follow each other, and what one person wrote at once on two phones and by two ways is one', () => {
  const at = (day: number, hour: number) => new Date(2026, 5, day, hour).toISOString();
  const came = (n: number, user: string, day: number, more: Partial<HistoryEntry> = {}) =>
    entry(n, user, set, { captured_at: at(day, 9), received_at: at(16, n), ...more });
  const all = written([
    came(6, 'zhao', 13),
    came(5, 'li', 14, { stream: 'restricted', device_id: 'e' }),
    came(3, 'li', 14),
    came(4, 'li', 15),
    entry(0, 'li', set, { stream: 'restricted', captured_at: at(13, 8), received_at: at(13, 8) }),
    entry(0, 'li', set, { captured_at: at(13, 8), received_at: at(13, 8) }),
    // Its clock was slow: before the record was there it cannot have been.
    came(7, 'wang', 10),
  ]);
  const folds = folded(told(...all), counted);
  expect(folds.map((f) => [f.first.user_id, f.entries.length, f.makes])).toEqual([
    ['li', 2, true],
    ['wang', 1, false],
    ['zhao', 1, false],
    ['li', 2, false],
    ['li', 1, false],
  ]);
});
test('a long run is long, names its fields once, and a single count keeps its words', () => {
  const many = Array.from({ length: 6 }, (_, i) => entry(i + 1, 'li', set));
  const [fold] = folded(told(...many, entry(9, 'li', one)), counted);
  expect([fold && isLong(fold), fold?.fields, fold?.lines.at(-1)]).toEqual([true, ['phone', 'visits'], 'count visits']);
});
test('a step among many changes is told by itself, with its note', () => {
  const many = Array.from({ length: 6 }, (_, i) => entry(i + 1, 'li', set));
  const step: Operation = { op: 'transition', action: 'dispatch', note: '今天内清理' };
  const last = { entry: entry(9, 'li', step), words: ['派遣：今天内清理'] };
  const [fold] = folded([...told(...many), last], counted);
  expect([fold && isLong(fold), fold?.steps, fold?.lines.length]).toEqual([true, ['派遣：今天内清理'], 7]);
  const [made] = folded([{ entry: entry(0, 'li', step), words: ['made it', '派遣'] }], counted);
  expect(made?.steps).toEqual(['派遣']);
});
test('the line that says that a record was made is of no operation', () => {
  const first = { entry: entry(0, 'li', one), words: ['made it', 'count visits'] };
  expect(folded([first], counted)[0]?.lines).toEqual(['made it', 'count visits']);
});
