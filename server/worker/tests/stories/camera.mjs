/** A film of a QR code, for the camera of a browser that has none. */
import { writeFileSync } from 'node:fs';
import { encode } from 'uqr';

const SIDE = 480;

/** Writes the code as a film of one picture, uncompressed (YUV4MPEG2). */
export function film(text, path) {
  const { data, size } = encode(text, { border: 4 });
  const dot = Math.floor(SIDE / size);
  const light = Buffer.alloc(SIDE * SIDE, 235);
  for (let y = 0; y < size * dot; y += 1)
    for (let x = 0; x < size * dot; x += 1)
      if (data[Math.floor(y / dot)][Math.floor(x / dot)]) light[y * SIDE + x] = 16;
  const colour = Buffer.alloc((SIDE / 2) * (SIDE / 2) * 2, 128);
  writeFileSync(
    path,
    Buffer.concat([Buffer.from(`YUV4MPEG2 W${SIDE} H${SIDE} F10:1 Ip A1:1 C420\nFRAME\n`), light, colour]),
  );
}
