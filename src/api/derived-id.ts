import { createHash } from 'node:crypto';

/**
 * The id of what an operation makes: the same when the operation comes again. UUID version 8 (RFC 9562). It can be
 * worked out from the operation, so it is no secret; where an id is a capability, use a random one.
 */
export function derivedId(operationId: string, kind: string): string {
  const bytes = createHash('sha256').update(`${kind}\0${operationId}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
