/**
 * Borders between provinces and between cities, with their names, for the map's ground: made at build of what Apache
 * ECharts 4 has, the last that brought them. Only what lies between two of them is drawn: the coast is the ground's,
 * and borders of the country are drawn by nobody here.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';
import type { KeptBorders } from './src/app/borders';

/** Coordinates as that package keeps them: steps of 1/1024°, as characters. */
interface Kept {
  features: {
    id: string;
    properties: { name: string; cp?: number[] };
    geometry:
      | { type: 'Polygon'; coordinates: string[]; encodeOffsets: number[][] }
      | { type: 'MultiPolygon'; coordinates: string[][]; encodeOffsets: number[][][] };
  }[];
}
type Step = [number, number];
/** Between areas of one province, and between areas of two. */
interface Lines {
  inner: Step[][];
  outer: Step[][];
}

/** What stands for no step at all. */
const NONE = 64;

function signed(code: number): number {
  const n = code - NONE;
  return (n >> 1) ^ -(n & 1);
}

function ringOf(kept: string, [x = 0, y = 0]: number[]): Step[] {
  const ring: Step[] = [];
  for (let i = 0; i + 1 < kept.length; i += 2) {
    x += signed(kept.charCodeAt(i));
    y += signed(kept.charCodeAt(i + 1));
    ring.push([x, y]);
  }
  return ring;
}

function ringsOf({ geometry }: Kept['features'][number]): Step[][] {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const begins = geometry.type === 'Polygon' ? [geometry.encodeOffsets] : geometry.encodeOffsets;
  return polygons.flatMap((rings, i) => rings.map((ring, j) => ringOf(ring, begins[i]?.[j] ?? [0, 0])));
}

/** Where one area's edge runs, by squares of a grid. */
class Edges {
  #squares = new Map<number, { area: number; from: Step; to: Step }[]>();
  constructor(
    areas: Step[][][],
    private size: number,
  ) {
    for (const [area, rings] of areas.entries())
      for (const [from, to] of rings.flatMap(sides))
        for (const square of this.#along(from, to)) {
          const there = this.#squares.get(square);
          if (there) there.push({ area, from, to });
          else this.#squares.set(square, [{ area, from, to }]);
        }
  }
  #square = (x: number, y: number) => Math.floor(x / this.size) * 0x10000 + Math.floor(y / this.size);
  #along([x, y]: Step, [toX, toY]: Step): Set<number> {
    const parts = Math.ceil((2 * Math.hypot(toX - x, toY - y)) / this.size) || 1;
    const at = (part: number) => this.#square(x + ((toX - x) * part) / parts, y + ((toY - y) * part) / parts);
    return new Set(Array.from({ length: parts + 1 }, (_, part) => at(part)));
  }
  /** The area after this one that has an edge as near to a place as a square is long. */
  beside([x, y]: Step, area: number): number | undefined {
    for (const dx of [0, -1, 1])
      for (const dy of [0, -1, 1])
        for (const edge of this.#squares.get(this.#square(x + dx * this.size, y + dy * this.size)) ?? [])
          if (edge.area > area && distance([x, y], edge.from, edge.to) <= this.size) return edge.area;
    return undefined;
  }
}

function sides(ring: Step[]): [Step, Step][] {
  return ring.flatMap((to, i): [Step, Step][] => {
    const from = ring[i - 1];
    return from ? [[from, to]] : [];
  });
}

function distance([x, y]: Step, [ax, ay]: Step, [bx, by]: Step): number {
  const [dx, dy] = [bx - ax, by - ay];
  const long = dx * dx + dy * dy;
  const at = long > 0 ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / long)) : 0;
  return Math.hypot(x - ax - at * dx, y - ay - at * dy);
}

/**
 * What lies between two of the areas, once, along the edge of the first. Their edges were made simpler each for
 * itself, so that they do not have all corners in common.
 */
function between(areas: Step[][][], apart: number, isOuter: (one: number, other: number) => boolean): Lines {
  const edges = new Edges(areas, apart);
  const lines: Lines = { inner: [], outer: [] };
  for (const [area, rings] of areas.entries())
    for (const ring of rings) {
      let line: Step[] | undefined;
      let kind: keyof Lines | undefined;
      for (const [from, to] of sides(ring)) {
        const middle: Step = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
        // All of it: a coast that leaves a border is beside it only at first.
        const near = [from, middle, to].map((at) => edges.beside(at, area));
        const other = near.includes(undefined) ? undefined : near[1];
        const now = other === undefined ? undefined : isOuter(area, other) ? 'outer' : 'inner';
        if (now === undefined) line = undefined;
        else if (line && now === kind) line.push(to);
        else lines[now].push((line = [from, to]));
        kind = now;
      }
    }
  return lines;
}

/** Without corners that lie this near to the line beside them, in steps. */
function simpler(line: Step[], near: number): Step[] {
  const kept = new Set([0, line.length - 1]);
  const left: [number, number][] = [[0, line.length - 1]];
  for (let part = left.pop(); part; part = left.pop()) {
    const [from, to] = part;
    const [a, b] = [line[from], line[to]];
    if (!a || !b) continue;
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const long = Math.hypot(dx, dy);
    let [at, far] = [0, near];
    for (let i = from + 1; i < to; i++) {
      const [x, y] = line[i] ?? a;
      const away = long > 0 ? Math.abs(dx * (y - a[1]) - dy * (x - a[0])) / long : Math.hypot(x - a[0], y - a[1]);
      if (away > far) [at, far] = [i, away];
    }
    if (at === 0) continue;
    kept.add(at);
    left.push([from, at], [at, to]);
  }
  return line.filter((_, i) => kept.has(i));
}

/** In steps: how far the edges of neighbours lie apart at most, and how near to the line beside it a corner is left out. */
interface Exactness {
  apart: number;
  near: number;
}

/** What the map reads of it: each line from its first corner by steps. */
export function bordersOf({ features }: Kept, { apart, near }: Exactness): KeptBorders {
  // The first two digits of a code are the province's.
  const provinces = features.map(({ id }) => id.slice(0, 2));
  const lines = between(features.map(ringsOf), apart, (one, other) => provinces[one] !== provinces[other]);
  const kept = (all: Step[][]) =>
    all
      .map((line) => simpler(line, near))
      .map((line) =>
        line.flatMap(([x, y], i) => {
          const [beforeX, beforeY] = line[i - 1] ?? [0, 0];
          return [x - beforeX, y - beforeY];
        }),
      );
  return {
    inner: kept(lines.inner),
    outer: kept(lines.outer),
    names: features.flatMap(({ properties: { name, cp } }) => (cp ? [[name, cp[0] ?? 0, cp[1] ?? 0]] : [])),
  };
}

const SOURCES: Record<string, Exactness & { file: string }> = {
  'virtual:borders/provinces': { file: 'echarts-4/map/json/china.json', apart: 120, near: 1 },
  'virtual:borders/cities': { file: 'echarts-4/map/json/china-cities.json', apart: 20, near: 2 },
};

export function borders(): Plugin {
  return {
    name: 'borders',
    resolveId: (id) => (id in SOURCES ? `\0${id}` : null),
    load(id) {
      const source = SOURCES[id.slice(1)];
      if (!id.startsWith('\0') || !source) return null;
      const file = createRequire(import.meta.url).resolve(source.file);
      const made = bordersOf(JSON.parse(readFileSync(file, 'utf8')) as Kept, source);
      // As a text: engines read JSON faster than the same as a program.
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(made))});`;
    },
  };
}
