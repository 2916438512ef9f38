/** Points that would lie upon each other are one button that says how many: a finger covers them all. */

export interface Spot {
  id: string;
  x: number;
  y: number;
}
export interface Cluster {
  ids: string[];
  x: number;
  y: number;
}

/** As wide as a finger needs. */
export const CELL_PX = 48;

/** Those in sight, put together by cells of a fixed place, so that none jumps while the map is moved. */
export function clustersOf(spots: Spot[], width: number, height: number, origin: { x: number; y: number }): Cluster[] {
  const cells = new Map<string, Cluster>();
  for (const { id, x, y } of spots) {
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const cell = `${Math.floor((x - origin.x) / CELL_PX)}/${Math.floor((y - origin.y) / CELL_PX)}`;
    const found = cells.get(cell);
    if (!found) {
      cells.set(cell, { ids: [id], x, y });
      continue;
    }
    found.ids.push(id);
    found.x += (x - found.x) / found.ids.length;
    found.y += (y - found.y) / found.ids.length;
  }
  return [...cells.values()];
}
