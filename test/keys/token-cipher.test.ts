import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { assert, property, string } from 'fast-check';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('token encryption', () => {
  const [older, newer] = [key('k1'), key('k2')];
  const cipher = createTokenCipher(`${newer},${older}`);

  test('gives any token back to the id that it was sealed for', () => {
    assert(
      property(string({ unit: 'grapheme' }), string({ unit: 'grapheme' }), (token, id) => {
        const { ciphertext, keyId } = cipher.seal(token, id);
        expect(cipher.open(ciphertext, keyId, id)).toBe(token);
      }),
    );
  });

  test('does not open a ciphertext that was moved to another row', () => {
    const { ciphertext, keyId } = cipher.seal('gho_secret', 'connection-1');
    expect(cipher.open(ciphertext, keyId, 'connection-2')).toBeUndefined();
  });

  test('does not open a ciphertext with any one bit changed, or cut anywhere', () => {
    const { ciphertext, keyId } = cipher.seal('gho_secret', 'connection-1');
    for (let bit = 0; bit < ciphertext.length * 8; bit += 1) {
      const changed = Buffer.from(ciphertext);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(cipher.open(changed, keyId, 'connection-1')).toBeUndefined();
    }
    for (let length = 0; length < ciphertext.length; length += 1) {
      expect(cipher.open(ciphertext.subarray(0, length), keyId, 'connection-1')).toBeUndefined();
    }
  });

  test('seals with the first key and still opens what an older one sealed', () => {
    const before = createTokenCipher(older).seal('gho_secret', 'connection-1');
    expect(cipher.seal('gho_secret', 'connection-1').keyId).toBe('k2');
    expect(cipher.open(before.ciphertext, before.keyId, 'connection-1')).toBe('gho_secret');
  });

  test('does not open what a key sealed that is no longer listed, or another one under the same id', () => {
    const { ciphertext, keyId } = cipher.seal('gho_secret', 'connection-1');
    expect(createTokenCipher(older).open(ciphertext, keyId, 'connection-1')).toBeUndefined();
    expect(createTokenCipher(key('k2')).open(ciphertext, keyId, 'connection-1')).toBeUndefined();
  });

  test('never seals the same token to the same bytes', () => {
    const sealed = Array.from({ length: 100 }, () =>
      cipher.seal('gho_secret', 'connection-1').ciphertext.toString('hex'),
    );
    expect(new Set(sealed).size).toBe(100);
  });

  test('shows neither the token nor a key in what it throws', () => {
    const { ciphertext, keyId } = cipher.seal('gho_secret', 'connection-1');
    expect(cipher.open(ciphertext, keyId, 'elsewhere')).toBeUndefined();
    const short = randomBytes(16).toString('base64');
    expect(() => createTokenCipher(`k1:${short}`)).toThrow(/^Key 1 is not "<id>:<32 bytes in base64>"$/);
  });

  test.each(['', 'k1', ':AAAA', 'k1:', `${key('k1')},`, `${key('k1')},${key('k1')}`])(
    'refuses the key list %#',
    (keys) => {
      expect(() => createTokenCipher(keys)).toThrow(/^Key \d/);
    },
  );
});
