/** What a map is drawn of, from below: the ground or the tiles of a server, boundaries, names, what is being drawn. */
import type {
  ExpressionSpecification,
  LineLayerSpecification,
  StyleSpecification,
  SymbolLayerSpecification,
} from 'maplibre-gl';
import { session } from './session';

const WATER = '#d3e1ec';
const GROUND = '#f4f5f2';
/** Coasts are drawn for looking at a country; nearer than this they would be where no coast is. */
const COAST_UNTIL = 9;
const GONE_AT = 11;
const FADES: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], COAST_UNTIL, 1, GONE_AT, 0];
/** From here on cities are told apart; on a smaller scale their borders would fill the map. */
export const CITIES_FROM = 5.5;
/** Chinese is drawn with the fonts of this machine: nothing is asked for anywhere. */
const FONTS = ['system-ui', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'sans-serif'];

/** Whether tiles are configured; without them the map brings a ground of its own. */
export const hasTiles = (): boolean => Boolean(session.settings.tile_url);

function ground(made: StyleSpecification): void {
  const { tile_url: tiles, tile_attribution: attribution } = session.settings;
  if (tiles) {
    made.layers.push({ id: 'ground', type: 'background', paint: { 'background-color': '#eef2f6' } });
    made.sources.tiles = { type: 'raster', tiles: [tiles], tileSize: 256, attribution: attribution ?? '' };
    made.layers.push({ id: 'tiles', type: 'raster', source: 'tiles' });
    return;
  }
  made.layers.push(
    {
      id: 'ground',
      type: 'background',
      paint: { 'background-color': ['interpolate', ['linear'], ['zoom'], COAST_UNTIL, WATER, GONE_AT, GROUND] },
    },
    { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': GROUND, 'fill-antialias': false } },
    {
      id: 'coast',
      type: 'line',
      source: 'land',
      maxzoom: GONE_AT,
      paint: {
        'line-color': '#8fa9bf',
        'line-width': 1,
        'line-opacity': FADES,
      },
    },
    {
      id: 'cities',
      type: 'line',
      source: 'cities',
      minzoom: CITIES_FROM,
      maxzoom: GONE_AT,
      filter: ['!', ['get', 'outer']],
      paint: { 'line-color': '#c3cbd3', 'line-width': 0.8, 'line-opacity': FADES },
    },
    // The same border is drawn from one source or the other, never from both.
    provinceLine('provinces', { maxzoom: CITIES_FROM }),
    provinceLine('cities', { minzoom: CITIES_FROM, maxzoom: GONE_AT }),
    named('city-names', { minzoom: 6, maxzoom: GONE_AT, 'text-size': 11 }),
    named('province-names', { minzoom: 3.4, maxzoom: 6, 'text-size': 12 }),
  );
}

function provinceLine(source: string, between: { minzoom?: number; maxzoom: number }): LineLayerSpecification {
  return {
    id: `${source}-outer`,
    type: 'line',
    source,
    ...between,
    filter: ['get', 'outer'],
    paint: {
      'line-color': '#9aa6b2',
      'line-width': ['interpolate', ['linear'], ['zoom'], 4, 0.8, 8, 1.6],
      'line-opacity': FADES,
    },
  };
}

/** Names of the ground, which give way to those of areas and to each other. */
function named(
  source: string,
  { minzoom, maxzoom, ...layout }: { minzoom: number; maxzoom: number; 'text-size': number },
): SymbolLayerSpecification {
  return {
    id: source,
    type: 'symbol',
    source,
    minzoom,
    maxzoom,
    layout: { 'text-field': ['get', 'name'], 'text-font': FONTS, ...layout },
    paint: { 'text-color': '#5c6874', 'text-halo-color': GROUND, 'text-halo-width': 1.2 },
  };
}

export function mapStyle(): StyleSpecification {
  const empty = { type: 'FeatureCollection' as const, features: [] };
  const source = { type: 'geojson' as const, data: empty };
  const made: StyleSpecification = {
    version: 8,
    sources: {
      land: source,
      cities: source,
      provinces: source,
      'city-names': source,
      'province-names': source,
      boundaries: source,
      names: source,
      drawn: source,
    },
    layers: [],
  };
  ground(made);
  made.layers.push(
    { id: 'boundary', type: 'fill', source: 'boundaries', paint: { 'fill-color': '#1b5fa7', 'fill-opacity': 0.08 } },
    { id: 'boundary-line', type: 'line', source: 'boundaries', paint: { 'line-color': '#1b5fa7', 'line-width': 1.5 } },
    { id: 'drawn', type: 'fill', source: 'drawn', paint: { 'fill-color': '#8a5300', 'fill-opacity': 0.14 } },
    { id: 'drawn-line', type: 'line', source: 'drawn', paint: { 'line-color': '#8a5300', 'line-width': 2.5 } },
    {
      id: 'drawn-corner',
      type: 'circle',
      source: 'drawn',
      paint: { 'circle-radius': 5, 'circle-color': '#8a5300' },
      filter: ['==', '$type', 'Point'],
    },
    {
      id: 'names',
      type: 'symbol',
      source: 'names',
      layout: {
        'text-field': ['get', 'name'],
        'text-font': FONTS,
        'text-size': 13,
        'text-max-width': 9,
        'symbol-sort-key': ['get', 'order'],
      },
      paint: { 'text-color': '#1a3a5c', 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 },
    },
  );
  return made;
}
