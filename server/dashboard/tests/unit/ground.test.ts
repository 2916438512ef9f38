import { expect, test } from 'vitest';
import { coasts, unrolled } from '@/app/ground';

test('no coast runs across the map, and each goes round the whole of its land', async () => {
  const { features } = await coasts();
  const rings = features.flatMap(({ geometry }) => geometry.coordinates.flat());
  expect(rings.length).toBeGreaterThan(1000);
  for (const ring of rings) {
    const steps = ring.slice(1).map(([lon = 0, lat = 0], i) => {
      const [before = 0, at = 0] = ring[i] ?? [];
      return Math.abs(lat) === 90 && Math.abs(at) === 90 ? 0 : Math.abs(lon - before);
    });
    expect(Math.max(...steps)).toBeLessThan(90);
    expect(ring.at(-1)).toEqual(ring[0]);
    const lons = ring.map(([lon = 0]) => lon);
    const middle = (Math.min(...lons) + Math.max(...lons)) / 2;
    expect(Math.abs(middle)).toBeLessThanOrEqual(180);
  }
});

test('land on both sides of the 180th meridian is one piece, and land around a pole reaches it', () => {
  const island = [
    [179, -16],
    [-179, -16],
    [-179, -17],
    [179, -16],
  ];
  expect(unrolled(island)).toEqual([
    [179, -16],
    [181, -16],
    [181, -17],
    [179, -16],
  ]);
  const around = [
    [-120, -70],
    [0, -70],
    [120, -70],
    [-120, -70],
  ];
  expect(unrolled(around)).toEqual([
    [-120, -70],
    [0, -70],
    [120, -70],
    [240, -70],
    [240, -90],
    [-120, -90],
    [-120, -70],
  ]);
});
