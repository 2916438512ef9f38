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

/** The server puts together what lies in one tile of this many levels below the zoom, and of no smaller one than the last. */
const BELOW_ZOOM = 2;
const LAST_LEVEL = 22;
/** As near as it makes sense to look: about the size of a building. A cluster there is opened as a list. */
export const LAST_ZOOM = 18;

/** The tile of a cluster as the API takes a box: all that the cluster counts lies in it. */
export function boxOf({ lon, lat }: Pick<Cluster, 'lon' | 'lat'>, zoom: number): string {
  const size = 2 ** Math.min(zoom + BELOW_ZOOM, LAST_LEVEL);
  const hold = (at: number) => Math.floor(Math.max(0, Math.min(size - 1, at)));
  const sin = Math.sin((lat * Math.PI) / 180);
  const x = hold((lon / 360 + 0.5) * size);
  const y = hold((0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * size);
  const lonAt = (column: number) => (column / size - 0.5) * 360;
  const latAt = (row: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / size))) * 180) / Math.PI;
  // Outwards by less than the server tells places apart.
  const some = 5e-8;
  return [lonAt(x) - some, latAt(y + 1) - some, lonAt(x + 1) + some, latAt(y) + some]
    .map((n, i) => Math.max(-(i % 2 ? 90 : 180), Math.min(i % 2 ? 90 : 180, n)).toFixed(7))
    .join(',');
}
/** Where clusters of a zoom lie: a single record at its place, several somewhere in their tile, of which nothing may be cut off. */
export const placesOf = (clusters: Cluster[], zoom: number): Corner[] =>
  clusters.flatMap((c): Corner[] => (c.count === 1 ? [[c.lon, c.lat]] : cornersOfBox(boxOf(c, zoom))));
export const boxText = (bbox: Look['bbox']): string => bbox.map((n) => n.toFixed(6)).join(',');
/** Two corners of a box that stands in an address; nothing for what is none. */
export function cornersOfBox(text: string | undefined): Corner[] {
  const [west = NaN, south = NaN, east = NaN, north = NaN] = (text ?? '').split(',').map((n) => (n ? Number(n) : NaN));
  return [west, south, east, north].some(Number.isNaN)
    ? []
    : [
        [west, south],
        [east, north],
      ];
}
