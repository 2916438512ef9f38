/** What a map is to show at first: the corners that have to be in sight. */
import type { BoundaryCollection, Cluster } from '@/api/types';
import type { Corner } from './polygon';

/** What part of the world a map shows: west, south, east, north. */
export interface Look {
  zoom: number;
  bbox: [number, number, number, number];
}

/** Corners of all boundaries, or of those of one area. */
export function cornersIn(boundaries: BoundaryCollection | null, code?: string): Corner[] {
  return (boundaries?.features ?? [])
    .filter((f) => code === undefined || f.properties.code === code)
    .flatMap((f) =>
      (f.geometry.type === 'Polygon' ? f.geometry.coordinates : f.geometry.coordinates.flat()).flat(),
    ) as Corner[];
}
export const placesOf = (clusters: Cluster[]): Corner[] => clusters.map((c) => [c.lon, c.lat]);
