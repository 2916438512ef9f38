/** The ground of a map without a tile server: coasts of Natural Earth, which are in the public domain, without any border. */
import type { FeatureCollection } from 'geojson';
import { feature } from 'topojson-client';

export async function coasts(): Promise<FeatureCollection> {
  const { default: land } = await import('world-atlas/land-50m.json');
  const found = feature(land, land.objects.land);
  return found;
}
