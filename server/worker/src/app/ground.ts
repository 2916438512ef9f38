/** The ground of the phone's map: a street's map that is kept here, and the boundaries of this person's areas. */
import type { FeatureCollection, Geometry } from 'geojson';
import { addProtocol, type LayerSpecification, type SourceSpecification } from 'maplibre-gl';
import { FileSource, PMTiles, Protocol, TileType, type Header } from 'pmtiles';
import type { KeptMap } from './streetMaps';
import type { Area } from '@/phone';

/** Names are drawn with the fonts of this phone: nothing is asked for anywhere. */
export const FONTS = ['system-ui', 'PingFang SC', 'Noto Sans CJK SC', 'sans-serif'];
const SCHEME = 'pmtiles';
const protocol = new Protocol();
addProtocol(SCHEME, protocol.tile);

/**
 * What is drawn of a map of lines, from below, by the names of its layers: those of Protomaps and of OpenMapTiles.
 * Others of the map are left out.
 */
const FILLS: [string, string][] = [
  ['earth', '#f4f5f2'],
  ['landcover', '#e9efe0'],
  ['landuse', '#ecefe6'],
  ['park', '#dfead2'],
  ['water', '#d3e1ec'],
  ['buildings', '#dedad2'],
  ['building', '#dedad2'],
];
const LINES: [string, string, number][] = [
  ['waterway', '#b9d0e2', 1],
  ['roads', '#ffffff', 4],
  ['transportation', '#ffffff', 4],
  ['boundaries', '#9aa6b2', 1],
  ['boundary', '#9aa6b2', 1],
];
const NAMES: [string, 'line' | 'point'][] = [
  ['roads', 'line'],
  ['transportation_name', 'line'],
  ['pois', 'point'],
  ['places', 'point'],
  ['place', 'point'],
];

export interface Ground {
  id: string;
  source: SourceSpecification;
  layers: LayerSpecification[];
}

export function layersOf(source: string, kind: TileType, known: string[]): LayerSpecification[] {
  if (kind !== TileType.Mvt) return [{ id: source, type: 'raster', source }];
  const has = ([name]: [string, ...unknown[]]) => known.includes(name);
  const layer = { source };
  return [
    ...FILLS.filter(has).map(([name, colour]): LayerSpecification => ({
      ...layer,
      id: `${source}-${name}`,
      type: 'fill',
      'source-layer': name,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colour },
    })),
    ...LINES.filter(has).flatMap(([name, colour, width]): LayerSpecification[] => {
      const line = { ...layer, type: 'line', 'source-layer': name, layout: { 'line-join': 'round' } } as const;
      const edge: LayerSpecification = {
        ...line,
        id: `${source}-${name}-edge`,
        paint: { 'line-color': '#c9c4b8', 'line-width': width + 1.5 },
      };
      const inside: LayerSpecification = {
        ...line,
        id: `${source}-${name}`,
        paint: { 'line-color': colour, 'line-width': width },
      };
      return width > 1 ? [edge, inside] : [inside];
    }),
    ...NAMES.filter(has).map(([name, placement]): LayerSpecification => ({
      ...layer,
      id: `${source}-${name}-names`,
      type: 'symbol',
      'source-layer': name,
      layout: {
        'symbol-placement': placement,
        'text-field': ['coalesce', ['get', 'name:zh-Hans'], ['get', 'name:zh'], ['get', 'name']],
        'text-font': FONTS,
        'text-size': 12,
      },
      paint: { 'text-color': '#4d5964', 'text-halo-color': '#ffffff', 'text-halo-width': 1.4 },
    })),
  ];
}

function sourceOf(key: string, { tileType, minZoom, maxZoom, ...box }: Header): SourceSpecification {
  const tiles = {
    tiles: [`${SCHEME}://${key}/{z}/{x}/{y}`],
    minzoom: minZoom,
    maxzoom: maxZoom,
    bounds: [box.minLon, box.minLat, box.maxLon, box.maxLat] as [number, number, number, number],
  };
  return tileType === TileType.Mvt ? { type: 'vector', ...tiles } : { type: 'raster', tileSize: 256, ...tiles };
}

/** What is drawn of a kept map; nothing of a file that is none. */
export async function groundOf({ area, file }: KeptMap): Promise<Ground | undefined> {
  try {
    const kept = new PMTiles(new FileSource(file));
    protocol.add(kept);
    const [header, about] = await Promise.all([kept.getHeader(), kept.getMetadata()]);
    const layers = (about as { vector_layers?: { id: string }[] } | null)?.vector_layers ?? [];
    const id = `street-${area}`;
    return {
      id,
      source: sourceOf(file.name, header),
      layers: layersOf(
        id,
        header.tileType,
        layers.map((one) => one.id),
      ),
    };
  } catch {
    return undefined;
  }
}

/** Boundaries as the map draws them, with their names. */
export function boundariesOf(areas: Area[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: areas.flatMap(({ code, name, mine, boundary }) =>
      boundary === null
        ? []
        : [
            {
              type: 'Feature',
              id: code,
              properties: { name, mine },
              geometry: JSON.parse(boundary) as Geometry,
            },
          ],
    ),
  };
}

/** All corners of what is drawn. */
export function cornersOf({ features }: FeatureCollection): [number, number][] {
  return features.flatMap(({ geometry }) => {
    const polygons =
      geometry.type === 'Polygon'
        ? [geometry.coordinates]
        : geometry.type === 'MultiPolygon'
          ? geometry.coordinates
          : [];
    return polygons.flat(2).map(([lon = 0, lat = 0]): [number, number] => [lon, lat]);
  });
}
