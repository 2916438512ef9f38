// What another maker's reader and writer of Uniform Resources make of frames: the package
// `@ngraveio/bc-ur`, from the folder that is named. Takes and gives JSON.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { UR, UREncoder, URDecoder } = createRequire(`${process.argv[2]}/`)("@ngraveio/bc-ur");
const { read, write } = JSON.parse(readFileSync(0, "utf8"));

/** The bytes that frames hold; none when they do not end. */
function bytesOf(frames) {
  const decoder = new URDecoder();
  for (const frame of frames) {
    decoder.receivePart(frame);
    if (decoder.isComplete()) break;
  }
  if (!decoder.isSuccess()) return null;
  const resource = decoder.resultUR();
  const [bytes, cbor] = [resource.decodeCBOR(), resource.cbor].map((b) => b.toString("hex"));
  return { type: resource.type, bytes, cbor };
}

/** The frames of bytes: in one where `most` is none, else at most so many bytes in each. */
function framesOf({ bytes, most }) {
  const resource = UR.fromBuffer(Buffer.from(bytes, "hex"));
  if (most === null) return [UREncoder.encodeSinglePart(resource)];
  const encoder = new UREncoder(resource, most);
  return Array.from({ length: 2 * encoder.fragmentsLength }, () => encoder.nextPart());
}

console.log(JSON.stringify({ read: read.map(bytesOf), written: write.map(framesOf) }));
