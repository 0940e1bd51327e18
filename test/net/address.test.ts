import { describe, expect, test } from '@jest/globals';
import { assertAddressAllowed, lookupLoopback, NOT_LOOPBACK, targetOf } from '../../src/net/address.ts';

const allowing = (baseUrl: string) => targetOf({ baseUrl, allowHttpLoopback: true });
const strict = (baseUrl: string) => targetOf({ baseUrl, allowHttpLoopback: false });

describe('the address of an instance', () => {
  test('is an HTTPS origin, with a path or without', () => {
    expect(strict('https://ghes.acme.example')).toEqual({ origin: 'https://ghes.acme.example', prefix: '' });
    expect(strict('https://GHES.acme.example:8443/git/')).toEqual({
      origin: 'https://ghes.acme.example:8443',
      prefix: '/git',
    });
    expect(strict('https://10.1.2.3')).toEqual({ origin: 'https://10.1.2.3', prefix: '' });
  });

  test.each([
    'http://127.0.0.1:4001',
    'http://127.255.255.254',
    'http://127.1',
    'http://2130706433',
    'http://0x7f.0.0.1',
    'http://[::1]:4001',
    'http://[::ffff:127.0.0.1]',
    'http://localhost:4001',
  ])('may be plain HTTP to this machine where the operator allowed it: %s', (url) => {
    expect(allowing(url)).toBeDefined();
    expect(strict(url)).toBeUndefined();
  });

  test.each([
    'http://192.0.2.1',
    'http://0.0.0.0',
    'http://10.0.0.1',
    'http://169.254.169.254',
    'http://[::]',
    'http://[fe80::1]',
    'http://[::ffff:10.0.0.1]',
    'http://128.0.0.1',
  ])('may not be plain HTTP to elsewhere: %s', (url) => {
    expect(allowing(url)).toBeUndefined();
  });

  test.each([
    '',
    'ghes.acme.example',
    '//ghes.acme.example',
    'ftp://ghes.acme.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://somebody@ghes.acme.example',
    'https://somebody:secret@ghes.acme.example',
    'https://ghes.acme.example?next=1',
    'https://ghes.acme.example#top',
    'https://',
  ])('is nothing else: %j', (url) => {
    expect(allowing(url)).toBeUndefined();
    expect(() => assertAddressAllowed({ baseUrl: url, allowHttpLoopback: true })).toThrow(
      expect.objectContaining({ code: 'address_not_allowed' }),
    );
  });

  test('that is refused is not repeated in the refusal', () => {
    expect(() => assertAddressAllowed({ baseUrl: 'https://a:secret@b.example', allowHttpLoopback: true })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
    expect(() => assertAddressAllowed({ baseUrl: 'https://b.example', allowHttpLoopback: false })).not.toThrow();
  });
});

describe('a name that is looked up for plain HTTP', () => {
  const resolved = (name: string) =>
    new Promise<string>((resolve) => {
      lookupLoopback(name, { all: true }, (error, found) => resolve(error?.code ?? JSON.stringify(found)));
    });

  test('is taken where it means this machine', async () => {
    expect(await resolved('localhost')).toMatch(/"(127\.0\.0\.1|::1)"/);
  });

  test.each(['192.0.2.1', '0.0.0.0', '2001:db8::1'])('is refused where it means another: %s', async (address) => {
    expect(await resolved(address)).toBe(NOT_LOOPBACK);
  });
});
