import { expect, test } from 'vitest';
import { addressOf, conditionsOf, viewOf } from '@/app/filter';
import { boxOf, cornersOfBox, placesOf } from '@/words/extent';

const inside = (box: string, lon: number, lat: number): boolean => {
  const [west = NaN, south = NaN, east = NaN, north = NaN] = box.split(',').map(Number);
  return west <= lon && lon <= east && south <= lat && lat <= north;
};

test('the box of a cluster holds its place, is no larger than 64 pixels and no smaller than the server tells apart', () => {
  for (const [lon, lat] of [
    [117.21, 39.12],
    [-70.5, -33.4],
    [180, 85],
    [-180, -85],
    [0, 0],
  ] as const)
    for (const zoom of [0, 12, 18, 22]) {
      const box = boxOf({ lon, lat }, zoom);
      expect(inside(box, lon, lat), `${lon} ${lat} ${zoom} ${box}`).toBe(true);
      const [west, east] = cornersOfBox(box).map((corner) => corner[0]);
      expect((east ?? NaN) - (west ?? NaN)).toBeCloseTo(360 / 2 ** Math.min(zoom + 2, 22), 5);
    }
});
test('neighbours in other tiles are not in it', () => {
  expect(inside(boxOf({ lon: 117.21, lat: 39.12 }, 18), 117.22, 39.12)).toBe(false);
});
test('a box stays in the address and goes to the server', () => {
  const view = viewOf({ bbox: '117,39,118,40', form: 'household' });
  expect(addressOf(view)).toMatchObject({ bbox: '117,39,118,40' });
  expect(conditionsOf(view.filter)).toMatchObject({ bbox: '117,39,118,40' });
  expect(cornersOfBox('117,39,118,40')).toEqual([
    [117, 39],
    [118, 40],
  ]);
  for (const none of [undefined, '', '1,2,3', '1,,3,4', 'a,b,c,d']) expect(cornersOfBox(none)).toEqual([]);
});
test('what a map is fitted to holds all that a cluster counts, and no more than the place of a single record', () => {
  const [many, one] = [
    { lon: 117.21, lat: 39.12, count: 7 },
    { lon: 117.5, lat: 39.3, count: 1, id: 'x' },
  ];
  expect(placesOf([one], 12)).toEqual([[117.5, 39.3]]);
  expect(placesOf([many], 12)).toEqual(cornersOfBox(boxOf(many, 12)));
  expect(placesOf([many, one], 12)).toHaveLength(3);
});
