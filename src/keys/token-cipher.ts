import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import type { TokenCipher } from '../ports/token-cipher.ts';
import { readKeyRing } from './key-ring.ts';

const ALGORITHM = 'aes-256-gcm';
/** NIST SP 800-38D: 96 bits is the length that needs no further hashing. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte of a ciphertext says how the rest is laid out: IV, tag, data. */
const LAYOUT = 1;
const IV_AT = 1;
const TAG_AT = IV_AT + IV_BYTES;
const DATA_AT = TAG_AT + TAG_BYTES;

/**
 * @param keys `<id>:<32 bytes in base64>`, separated by commas; the first seals, every one of them opens.
 * @throws Error for a list that cannot be used; its message holds no key
 */
export function createTokenCipher(keys: string): TokenCipher {
  const ring = readKeyRing(keys);
  const { id: keyId, key: sealing } = ring.newest;
  return {
    keyId,
    seal(plain, boundTo) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, sealing, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(additionalData(boundTo));
      const data = cipher.update(plain, 'utf8');
      cipher.final();
      return { ciphertext: Buffer.concat([Buffer.of(LAYOUT), iv, cipher.getAuthTag(), data]), keyId };
    },
    open(ciphertext, sealedWith, boundTo) {
      const key = ring.find(sealedWith);
      if (key === undefined || ciphertext.length < DATA_AT || ciphertext[0] !== LAYOUT) return undefined;
      return decrypt(ciphertext, key, boundTo);
    },
  };
}

function decrypt(ciphertext: Buffer, key: KeyObject, boundTo: string): string | undefined {
  const iv = ciphertext.subarray(IV_AT, TAG_AT);
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(boundTo));
  decipher.setAuthTag(ciphertext.subarray(TAG_AT, DATA_AT));
  // GCM's final() only checks the tag: it gives no more data, and nothing is used before it has passed.
  const plain = decipher.update(ciphertext.subarray(DATA_AT), undefined, 'utf8');
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

/** The layout's byte is authenticated too, so that a later layout cannot be passed off as this one. */
function additionalData(boundTo: string): Buffer {
  return Buffer.concat([Buffer.of(LAYOUT), Buffer.from(boundTo)]);
}
