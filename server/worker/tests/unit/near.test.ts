import { expect, test } from 'vitest';
import { clustersOf } from '@/app/clusters';
import { metresBetween, nearestFirst } from '@/app/near';
import { far } from '@/words/far';

test('distances are those of the ground', () => {
  // A thousandth of a degree to the north is 111 m everywhere; to the east it is less, the further north.
  const at = { latitude: 39.12, longitude: 117.2 };
  expect(metresBetween(at, { ...at, latitude: 39.121 })).toBeCloseTo(111.2, 0);
  expect(metresBetween(at, { ...at, longitude: 117.201 })).toBeCloseTo(86.3, 0);
  expect(metresBetween(at, at)).toBe(0);
  expect(metresBetween({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBeCloseTo(20_015_087, -1);
});

test('the nearest comes first, and what has no place stays in its order behind', () => {
  const items = ['a', 'b', 'c', 'd'].map((id) => ({ id }));
  const metres = new Map([
    ['c', 12],
    ['b', 900],
  ]);
  expect(nearestFirst(items, metres).map(({ id }) => id)).toEqual(['c', 'b', 'a', 'd']);
  expect(items.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
});

test('how far is said in steps that a phone can know', () => {
  expect(far(0)).toBe('10 米');
  expect(far(124)).toBe('120 米');
  expect(far(996)).toBe('1 公里');
  expect(far(1_540)).toBe('1.5 公里');
  expect(far(12_400)).toBe('12 公里');
});

test('points under one finger are one button, and those out of sight none', () => {
  const spots = [
    { id: 'a', x: 10, y: 10 },
    { id: 'b', x: 30, y: 20 },
    { id: 'c', x: 200, y: 10 },
    { id: 'd', x: -5, y: 10 },
  ];
  const found = clustersOf(spots, 300, 300, { x: 0, y: 0 });
  expect(found).toEqual([
    { ids: ['a', 'b'], x: 20, y: 15 },
    { ids: ['c'], x: 200, y: 10 },
  ]);
  // The cells go along with the ground.
  const moved = spots.map((spot) => ({ ...spot, x: spot.x + 37 }));
  expect(
    clustersOf(moved, 300, 300, { x: 37, y: 0 })
      .slice(0, 2)
      .map(({ ids }) => ids),
  ).toEqual([['a', 'b'], ['c']]);
});
