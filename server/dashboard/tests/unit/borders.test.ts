import { expect, test } from 'vitest';
import { bordersOf } from '../../borders';
import { cities, provinces, type Borders } from '@/app/borders';

const all = (lines: Borders['lines']) => lines.features.flatMap(({ geometry }) => geometry.coordinates);
const lengthOf = ({ lines }: Borders) => all(lines).reduce((sum, line) => sum + line.length - 1, 0);

/** Distance of the nearest corner of a border, in degrees. */
function nearest({ lines }: Borders, [lon, lat]: [number, number]): number {
  let found = Infinity;
  for (const line of all(lines))
    for (const [x = 0, y = 0] of line) found = Math.min(found, Math.hypot(x - lon, y - lat));
  return found;
}

test('provinces are divided where they touch, and nothing is drawn at coasts or around the country', async () => {
  const made = await provinces();
  // 34 of them, each named at a place within the country.
  expect(made.names.features.length).toBe(34);
  for (const { geometry } of made.names.features) {
    const [lon = 0, lat = 0] = geometry.coordinates;
    expect(lon > 73 && lon < 135 && lat > 18 && lat < 54).toBe(true);
  }
  // Between Hebei and Tianjin; on the coast of Shandong, at the border with Mongolia, on Taiwan's.
  expect(nearest(made, [116.93, 39.14])).toBeLessThan(0.3);
  expect(nearest(made, [122.7, 37.4])).toBeGreaterThan(1.5);
  expect(nearest(made, [105, 41.6])).toBeGreaterThan(0.5);
  expect(nearest(made, [121, 23.8])).toBeGreaterThan(2);
});

test('cities are divided too, more finely', async () => {
  const made = await cities();
  expect(made.names.features.length).toBeGreaterThan(330);
  expect(lengthOf(made)).toBeGreaterThan(5 * lengthOf(await provinces()));
});

test('a border that two areas share is drawn once, in whichever way each goes round it', () => {
  // Two squares beside each other, one round with the clock and one against it.
  const code = (...steps: number[]) => String.fromCharCode(...steps.map((n) => 64 + ((n << 1) ^ (n >> 31))));
  const ring = (...steps: number[]) => [code(...steps)];
  const area = (id: string, coordinates: string[]) => ({
    id,
    properties: { name: 'x' },
    geometry: { type: 'Polygon' as const, coordinates, encodeOffsets: [[1024, 2048]] },
  });
  const left = ring(0, 0, 4, 0, 0, 4, -4, 0, 0, -4);
  const right = ring(4, 0, 0, 4, 4, 0, 0, -4, -4, 0);
  const made = (one: string, other: string) =>
    bordersOf({ features: [area(one, left), area(other, right)] }, { apart: 1, near: 0 });
  expect(made('1301', '1302')).toEqual({ inner: [[1028, 2048, 0, 4]], outer: [], names: [] });
  expect(made('1301', '1401')).toEqual({ inner: [], outer: [[1028, 2048, 0, 4]], names: [] });
});
