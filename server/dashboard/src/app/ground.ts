/** The ground of a map without a tile server: coasts of Natural Earth, which are in the public domain. */
import type { FeatureCollection, MultiPolygon, Position } from 'geojson';
import { feature } from 'topojson-client';

const POLE = 90;

/**
 * A ring of the globe as a flat map draws it. Where it crosses the 180th meridian it goes on past 180° and does
 * not run back across the whole map; one around a pole is closed along the map's edge.
 */
export function unrolled(ring: Position[]): Position[] {
  let turns = 0;
  const flat = ring.map(([lon = 0, lat = 0], i): Position => {
    const step = i === 0 ? 0 : lon - (ring[i - 1]?.[0] ?? lon);
    if (Math.abs(step) > 180) turns -= Math.sign(step);
    return [lon + turns * 360, lat];
  });
  const [first] = flat;
  if (turns === 0 || !first) return flat;
  const pole = Math.sign(first[1] ?? 0) * POLE;
  return [...flat, [flat.at(-1)?.[0] ?? 0, pole], [first[0] ?? 0, pole], first];
}

/** A pole as a ring around it, which is a line on a flat map. */
const isPole = (ring: Position[]): boolean => ring.every(([, lat = 0]) => Math.abs(lat) === POLE);

function middle(ring: Position[]): number {
  const lons = ring.map(([lon = 0]) => lon);
  return (Math.min(...lons) + Math.max(...lons)) / 2;
}

/** Brought to where it is nearest to a longitude, whichever point it begins with. */
function beside(ring: Position[], at: number): Position[] {
  const by = 360 * Math.round((middle(ring) - at) / 360);
  return by === 0 ? ring : ring.map(([lon = 0, lat = 0]) => [lon - by, lat]);
}

/** Land with its lakes. */
function flat(polygon: Position[][]): Position[][] {
  const [coast = [], ...lakes] = polygon.filter((ring) => !isPole(ring)).map(unrolled);
  const land = beside(coast, 0);
  return [land, ...lakes.map((lake) => beside(lake, middle(land)))];
}

export async function coasts(): Promise<FeatureCollection<MultiPolygon>> {
  const { default: land } = await import('world-atlas/land-50m.json');
  const found = feature(land, land.objects.land) as FeatureCollection<MultiPolygon>;
  for (const { geometry } of found.features) geometry.coordinates = geometry.coordinates.map(flat);
  return found;
}
