/** A map file as PMTiles 3 has it, of lines, made of one tile: water everywhere. */
import geojsonvt from 'geojson-vt';
import { fromGeojsonVt } from 'vt-pbf';

const HEADER = 127;
const [UNPACKED, LINES] = [1, 1];

export function streetMap() {
  const world = {
    type: 'Feature',
    properties: { name: '海河' },
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [-170, -80],
          [170, -80],
          [170, 80],
          [-170, 80],
          [-170, -80],
        ],
      ],
    },
  };
  const tile = Buffer.from(fromGeojsonVt({ water: geojsonvt(world, { maxZoom: 0 }).getTile(0, 0, 0) }, { version: 2 }));
  const about = Buffer.from(JSON.stringify({ vector_layers: [{ id: 'water', fields: { name: 'String' } }] }));
  const directory = Buffer.from([1, 0, 1, ...varint(tile.length), 1]);
  const header = Buffer.alloc(HEADER);
  header.write('PMTiles');
  header.writeUInt8(3, 7);
  const at = [HEADER, HEADER + directory.length, HEADER + directory.length + about.length];
  const places = [
    ...[at[0], directory.length],
    ...[at[1], about.length],
    // No leaves.
    ...[at[2], 0],
    ...[at[2], tile.length],
    ...[1, 1, 1],
  ];
  for (const [n, value] of places.entries()) header.writeBigUInt64LE(BigInt(value), 8 + 8 * n);
  header.set([1, UNPACKED, UNPACKED, LINES, 0, 0], 96);
  for (const [n, degrees] of [-180, -85, 180, 85].entries()) header.writeInt32LE(degrees * 1e7, 102 + 4 * n);
  return Buffer.concat([header, directory, about, tile]);
}

function varint(n) {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)];
}
