/** Polygons as people draw and type them: corners of longitude and latitude. */
export type Corner = [lon: number, lat: number];
/** About ten centimetres; more digits say nothing. */
const DIGITS = 6;

/** What is wrong with corners as they are typed, and in which line; `few` is of them all. */
export interface WrongCorner {
  why: 'format' | 'swapped' | 'range' | 'few';
  line: number;
}
export interface ReadCorners {
  corners: Corner[];
  wrong: WrongCorner | null;
}

/** Reads one corner a line. What can be read is given also when something is wrong, so that the map can show it. */
export function readCorners(text: string): ReadCorners {
  const corners: Corner[] = [];
  let wrong: WrongCorner | null = null;
  for (const [at, line] of text.split(/[\n;]/).entries()) {
    if (line.trim() === '') continue;
    // As a Chinese keyboard types it, too.
    const parts = line.split(/[,，]/).map((part) => (part.trim() === '' ? NaN : Number(part)));
    const [lon, lat] = parts;
    if (parts.length !== 2 || lon === undefined || lat === undefined || Number.isNaN(lon) || Number.isNaN(lat))
      wrong ??= { why: 'format', line: at + 1 };
    else if (Math.abs(lon) <= 180 && Math.abs(lat) <= 90) corners.push([lon, lat]);
    else wrong ??= { why: Math.abs(lon) <= 90 && Math.abs(lat) <= 180 ? 'swapped' : 'range', line: at + 1 };
  }
  if (!wrong && corners.length < 3) wrong = { why: 'few', line: corners.length };
  return { corners, wrong };
}
export function cornersOf(text: string): Corner[] | null {
  const { corners, wrong } = readCorners(text);
  return wrong ? null : corners;
}
export const cornerText = (corners: Corner[], between: string): string =>
  corners.map(([lon, lat]) => `${Number(lon.toFixed(DIGITS))},${Number(lat.toFixed(DIGITS))}`).join(between);

/** The ring of GeoJSON: its last corner is its first. */
export const ringOf = (corners: Corner[]): Corner[] => (corners[0] ? [...corners, corners[0]] : []);
