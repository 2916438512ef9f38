/** Where the name of an area is written: in the middle of its largest part. */
import type { Boundary, BoundaryCollection } from '@/api/types';

type Ring = number[][];

/** Twice the area of a ring and its middle, in degrees: close enough for a name. */
function middleOf(ring: Ring): { size: number; at: [number, number] } {
  let [size, x, y] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [x0 = 0, y0 = 0] = ring[i] ?? [];
    const [x1 = 0, y1 = 0] = ring[i + 1] ?? [];
    const cross = x0 * y1 - x1 * y0;
    size += cross;
    x += (x0 + x1) * cross;
    y += (y0 + y1) * cross;
  }
  const [first = 0, second = 0] = ring[0] ?? [];
  return size === 0 ? { size: 0, at: [first, second] } : { size: Math.abs(size), at: [x / (3 * size), y / (3 * size)] };
}
function middle(boundary: Boundary): [number, number] {
  const outer = boundary.type === 'Polygon' ? [boundary.coordinates[0]] : boundary.coordinates.map((part) => part[0]);
  const all = outer.map((ring) => middleOf(ring ?? []));
  return all.reduce((best, next) => (next.size > best.size ? next : best), { size: -1, at: [0, 0] as [number, number] })
    .at;
}

/** The names of areas as points; `order` puts the upper levels first where there is no room for all. */
export function namesOf(boundaries: BoundaryCollection | null, order: (level: string) => number) {
  const features = (boundaries?.features ?? []).map(({ properties, geometry }) => ({
    type: 'Feature' as const,
    properties: { name: properties.name, order: order(properties.level) },
    geometry: { type: 'Point' as const, coordinates: middle(geometry) },
  }));
  return { type: 'FeatureCollection' as const, features };
}
