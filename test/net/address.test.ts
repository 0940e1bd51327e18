import { describe, expect, test } from '@jest/globals';
import { assertAddressAllowed, lookupWithin, NOT_ALLOWED, targetOf } from '../../src/net/address.ts';

const allowing = (baseUrl: string) => targetOf({ baseUrl, allowHttpLoopback: true });
const strict = (baseUrl: string) => targetOf({ baseUrl, allowHttpLoopback: false });
const within = (baseUrl: string) => targetOf({ baseUrl, allowHttpLoopback: false, allowPrivateNetwork: true });

describe('the address of an instance', () => {
  test('is an HTTPS origin, with a path or without', () => {
    expect(strict('https://ghes.acme.example')).toEqual({ origin: 'https://ghes.acme.example', prefix: '' });
    expect(strict('https://GHES.acme.example:8443/git/')).toEqual({
      origin: 'https://ghes.acme.example:8443',
      prefix: '/git',
    });
    expect(strict('https://140.82.112.3')).toEqual({ origin: 'https://140.82.112.3', prefix: '' });
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
    'https://10.1.2.3',
    'https://0xa.1',
    'https://167772161',
    'https://[fd12::1]',
    'https://[::ffff:192.168.0.1]',
  ])("may be in the operator's own network where the operator allowed it, by HTTPS: %s", (url) => {
    expect(within(url)).toBeDefined();
    expect(strict(url)).toBeUndefined();
    expect(allowing(url)).toBeUndefined();
    expect(within(url.replace('https:', 'http:'))).toBeUndefined();
  });

  test.each([
    'https://127.0.0.1',
    'https://0x7f.1',
    'https://2130706433',
    'https://017700000001',
    'https://127.0.0.1.',
  ])('is this machine only where the operator allowed it, however it is written: %s', (url) => {
    expect(allowing(url)).toBeDefined();
    expect(strict(url)).toBeUndefined();
    expect(within(url)).toBeUndefined();
  });

  test.each([
    'https://169.254.169.254',
    'https://0xa9fea9fe',
    'https://2852039166',
    'https://0251.0376.0251.0376',
    'https://169.254.43518',
    'https://[::ffff:169.254.169.254]',
    'https://[fd00:ec2::254]',
    'https://100.100.100.200',
    'https://0',
    'https://[::]',
    'https://224.0.0.1',
    'https://192.0.2.1',
    'https://255.255.255.255',
  ])('is never one that nobody has business with, whatever is allowed: %s', (baseUrl) => {
    expect(targetOf({ baseUrl, allowHttpLoopback: true, allowPrivateNetwork: true })).toBeUndefined();
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

describe('a name that is looked up', () => {
  const everywhere = { allowHttpLoopback: true, allowPrivateNetwork: true };
  const found = (addresses: string[], protocol: string, reach: Parameters<typeof lookupWithin>[1]) =>
    new Promise<string>((resolve) => {
      const answer = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      const lookup = lookupWithin(protocol, reach, (_name, _options, tell) => tell(null, answer));
      lookup('ghes.example', { all: true }, (error, all) => resolve(error?.code ?? JSON.stringify(all)));
    });

  test('is taken with all of its addresses where each may be asked', async () => {
    const open = { allowHttpLoopback: false };
    expect(await found(['140.82.112.3', '2606:4700::1'], 'https:', open)).toContain('140.82.112.3');
    expect(await found(['10.0.0.1', 'fd12::1'], 'https:', { ...open, allowPrivateNetwork: true })).toContain(
      '10.0.0.1',
    );
    expect(await found(['127.0.0.1', '::1'], 'http:', { allowHttpLoopback: true })).toContain('::1');
  });

  test.each([
    [['140.82.112.3', '10.0.0.1'], 'https:', { allowHttpLoopback: true }],
    [['127.0.0.1'], 'https:', { allowHttpLoopback: false, allowPrivateNetwork: true }],
    [['140.82.112.3', '169.254.169.254'], 'https:', everywhere],
    [['::ffff:169.254.169.254'], 'https:', everywhere],
    [['140.82.112.3'], 'http:', everywhere],
    [['10.0.0.1'], 'http:', everywhere],
    [['127.0.0.1', '10.0.0.1'], 'http:', everywhere],
  ])('is refused where one of them may not: %j by %s', async (addresses, protocol, reach) => {
    expect(await found(addresses, protocol, reach)).toBe(NOT_ALLOWED);
  });

  test('is resolved by the system', async () => {
    const lookup = lookupWithin('http:', everywhere);
    const localhost = new Promise((resolve) => lookup('localhost', { all: true }, (_error, all) => resolve(all)));
    expect(JSON.stringify(await localhost)).toMatch(/"(127\.0\.0\.1|::1)"/);
  });
});
