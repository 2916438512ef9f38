import { expect, test } from 'vitest';
import type { Form } from '@/api/types';
import { endOfWork, firstDue } from '@/words/due';
import { namesOf } from '@/words/middle';
import { lookOf } from '@/words/signs';
import { firstWords, keysBeside } from '@/words/telling';

const label = { zh: '', en: '' };
/** A form of an organisation's own, whose fields are called as it likes. */
const own: Form = {
  code: 'own',
  version: 1,
  label,
  class: 'general',
  means: 'matter',
  fields: [
    { key: 'wann', label, type: 'date_time', means: 'happened' },
    { key: 'wer', label, type: 'text', means: 'doer' },
    { key: 'was', label, type: 'long_text', means: 'details' },
    { key: 'wozu', label, type: 'reference', form: 'other' },
    { key: 'sonst', label, type: 'text' },
  ],
  lifecycle: {
    initial: 'neu',
    statuses: [
      { key: 'neu', label, rank: 1 },
      { key: 'fertig', label, rank: 2, done: true },
      { key: 'zu', label, rank: 3, closed: true },
    ],
    transitions: [],
  },
};

test('what tells records apart is found by what fields mean, and a field that is restricted anywhere is not read', () => {
  expect(keysBeside([own])).toEqual(['was', 'wann', 'wer', 'wozu']);
  const care: Form = { ...own, code: 'care', fields: [{ key: 'was', label, type: 'long_text', class: 'restricted' }] };
  expect(keysBeside([own, care])).toEqual(['wann', 'wer', 'wozu']);
  expect(keysBeside([{ ...own, class: 'restricted' }])).toEqual([]);
});
test('of a long text the first words stand, and no character is cut in two', () => {
  expect(firstWords('路灯不亮')).toBe('路灯不亮');
  expect(firstWords('一楼返水\n二楼也是')).toBe('一楼返水…');
  expect(firstWords('𠮷'.repeat(41))).toBe(`${'𠮷'.repeat(40)}…`);
});
test('work is due when what it is about is, the first of several, and what is past says nothing', () => {
  const now = new Date(2026, 5, 10, 9);
  const [past, soon, late] = [new Date(2026, 5, 1), new Date(2026, 5, 11), new Date(2026, 6, 1)];
  expect(firstDue([late.toISOString(), soon.toISOString(), past.toISOString(), null], now)).toEqual(soon);
  expect(firstDue([past.toISOString(), undefined], now)).toBeNull();
});
test('where nothing says when, it is the end of work on the third working day, by the clocks of the calendar', () => {
  const hours = [
    { from: '09:00', to: '12:00' },
    { from: '13:30', to: '17:30' },
  ];
  const day = (n: number, worked = true) => ({
    date: `2026-12-${String(n).padStart(2, '0')}`,
    kind: worked ? 'working' : 'off',
    ...(worked ? { hours } : {}),
  });
  const days = [day(2), day(3), day(4), day(5, false), day(6, false), day(7), day(8)];
  const china = { seconds: 8 * 3600 };
  // A Wednesday evening in UTC is Thursday in China.
  expect(endOfWork(days, china, new Date('2026-12-02T04:00:00Z'))).toEqual(new Date('2026-12-07T09:30:00Z'));
  expect(endOfWork(days, china, new Date('2026-12-02T17:00:00Z'))).toEqual(new Date('2026-12-08T09:30:00Z'));
  const summer = { seconds: 3600, changes: [{ at: Date.parse('2026-12-06T01:00:00Z'), seconds: 7200 }] };
  expect(endOfWork(days, summer, new Date('2026-12-02T04:00:00Z'))).toEqual(new Date('2026-12-07T15:30:00Z'));
  expect(endOfWork(days, china, new Date('2026-12-05T04:00:00Z'))).toBeNull();
});
test('a dot looks as its form means or as far as its work is', () => {
  const now = Date.parse('2026-06-10T00:00:00Z');
  const look = (status: string | undefined, due_at?: string) => lookOf(own, { status, due_at }, 'status', now);
  expect(lookOf(own, {}, 'kind', now)).toBe('matter');
  expect(lookOf(undefined, {}, 'kind', now)).toBe('other');
  expect(look('neu')).toBe('open');
  expect(look('neu', '2026-06-09T00:00:00Z')).toBe('overdue');
  expect(look('fertig', '2026-06-09T00:00:00Z')).toBe('done');
  expect(look('zu', '2026-06-09T00:00:00Z')).toBe('closed');
  expect(look(undefined)).toBe('none');
});
test('the name of an area stands in the middle of its largest part', () => {
  const square = (at: number, size: number) => [
    [
      [at, at],
      [at + size, at],
      [at + size, at + size],
      [at, at + size],
      [at, at],
    ],
  ];
  const { features } = namesOf(
    {
      type: 'FeatureCollection',
      features: [
        {
          type: 'Feature',
          id: '1',
          properties: { code: '1', name: '一', level: 'grid' },
          geometry: { type: 'MultiPolygon', coordinates: [square(0, 1), square(10, 4)] },
        },
      ],
    },
    () => 5,
  );
  expect(features[0]!.properties).toEqual({ name: '一', order: 5 });
  expect(features[0]!.geometry.coordinates.map(Math.round)).toEqual([12, 12]);
});
