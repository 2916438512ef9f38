/** Borders within the country and the names of what they divide, as the map draws them; made at build (borders.ts). */
import type { Feature, FeatureCollection, MultiLineString, Point, Position } from 'geojson';

/** As they are loaded: corners of lines as longitudes and latitudes by turns in steps of 1/1024°, each from the one before; places in degrees. */
export interface KeptBorders {
  inner: number[][];
  outer: number[][];
  names: [name: string, lon: number, lat: number][];
}
export interface Borders {
  /** Of each line whether two provinces meet there. */
  lines: FeatureCollection<MultiLineString, { outer: boolean }>;
  names: FeatureCollection<Point>;
}

const STEPS = 1024;

function placesOf(line: number[]): Position[] {
  const places: Position[] = [];
  let [x, y] = [0, 0];
  for (let i = 0; i + 1 < line.length; i += 2) {
    x += line[i] ?? 0;
    y += line[i + 1] ?? 0;
    places.push([x / STEPS, y / STEPS]);
  }
  return places;
}

function drawn({ inner, outer, names }: KeptBorders): Borders {
  const all = (lines: number[][], isOuter: boolean): Feature<MultiLineString, { outer: boolean }> => ({
    type: 'Feature',
    properties: { outer: isOuter },
    geometry: { type: 'MultiLineString', coordinates: lines.map(placesOf) },
  });
  return {
    lines: { type: 'FeatureCollection', features: [all(inner, false), all(outer, true)] },
    names: {
      type: 'FeatureCollection',
      features: names.map(([name, ...place]) => ({
        type: 'Feature',
        properties: { name },
        geometry: { type: 'Point', coordinates: place },
      })),
    },
  };
}

export const provinces = async (): Promise<Borders> => drawn((await import('virtual:borders/provinces')).default);

export const cities = async (): Promise<Borders> => drawn((await import('virtual:borders/cities')).default);
