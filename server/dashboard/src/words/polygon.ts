/** Polygons as people draw and type them: corners of longitude and latitude. */
export type Corner = [lon: number, lat: number];
/** About ten centimetres; more digits say nothing. */
const DIGITS = 6;

export function cornersOf(text: string): Corner[] | null {
  const corners: Corner[] = [];
  for (const line of text.split(/[\n;]/)) {
    if (line.trim() === '') continue;
    const parts = line.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
    const [lon, lat] = parts;
    if (parts.length !== 2 || lon === undefined || lat === undefined) return null;
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return null;
    corners.push([lon, lat]);
  }
  return corners.length >= 3 ? corners : null;
}
export const cornerText = (corners: Corner[], between: string): string =>
  corners.map(([lon, lat]) => `${Number(lon.toFixed(DIGITS))},${Number(lat.toFixed(DIGITS))}`).join(between);

/** The ring of GeoJSON: its last corner is its first. */
export const ringOf = (corners: Corner[]): Corner[] => (corners[0] ? [...corners, corners[0]] : []);
