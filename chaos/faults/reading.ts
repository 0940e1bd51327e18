import { constants, inflateRawSync } from 'node:zlib';

/** A gzip header (RFC 1952) without any of its optional parts, and how long it is. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08, 0x00]);
const HEADER = 10;

/** What a chunk says: PostgreSQL's messages are plain text, a worker's to Temporal are gRPC's, each compressed by itself. */
export function textOf(chunk: Buffer): string {
  let text = chunk.toString('latin1');
  for (let at = chunk.indexOf(GZIP); at >= 0; at = chunk.indexOf(GZIP, at + 1)) text += inflated(chunk.subarray(at));
  return text;
}

/** As far as it is there; what follows it is let be. */
function inflated(bytes: Buffer): string {
  try {
    return inflateRawSync(bytes.subarray(HEADER), { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
  } catch {
    return '';
  }
}
