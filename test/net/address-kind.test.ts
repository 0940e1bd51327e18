import { describe, expect, test } from '@jest/globals';
import { addressKind } from '../../src/net/address-kind.ts';

describe('an address is', () => {
  test.each(['1.1.1.1', '140.82.112.3', '172.32.0.1', '2606:4700::1111', '[2606:4700::1111]', '64:ff9b::8c52:7003'])(
    "the internet's: %s",
    (address) => {
      expect(addressKind(address)).toBe('public');
    },
  );

  test.each([
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.254',
    'fc00::1',
    'fd12:3456:789a::1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::ffff:100.64.0.1',
    '64:ff9b::a00:1',
  ])("the operator's network's: %s", (address) => {
    expect(addressKind(address)).toBe('private');
  });

  test.each(['127.0.0.1', '127.255.255.254', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    "this machine's: %s",
    (address) => {
      expect(addressKind(address)).toBe('loopback');
    },
  );
});

describe('no request ever goes to', () => {
  test.each([
    ['a metadata service', '169.254.169.254'],
    ['a metadata service', '::ffff:169.254.169.254'],
    ['a metadata service', '::ffff:a9fe:a9fe'],
    ['a metadata service', '64:ff9b::a9fe:a9fe'],
    ['a metadata service', 'fd00:ec2::254'],
    ['a metadata service', 'fd00:ec2::23'],
    ['a metadata service', 'fd20:ce::254'],
    ['a metadata service', 'fd00:42::42'],
    ['a metadata service', '100.100.100.200'],
    ['a metadata service', '::ffff:100.100.100.200'],
    ['a metadata service', '168.63.129.16'],
    ['a metadata service', '192.0.0.192'],
    ['a link-local address', '169.254.0.1'],
    ['a link-local address', 'fe80::1'],
    ['a link-local address', 'fe80::1%eth0'],
    ['a site-local address', 'fec0::1'],
    ['no address', '0.0.0.0'],
    ['no address', '0.1.2.3'],
    ['no address', '::'],
    ['many at once', '224.0.0.1'],
    ['many at once', '255.255.255.255'],
    ['many at once', 'ff02::1'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['what is kept back', '192.0.0.1'],
    ['what is kept back', '198.18.0.1'],
    ['what is kept back', '240.0.0.1'],
    ['what is kept back', '4000::1'],
    ['what is kept back', '::7f00:1'],
    ['a tunnel', '2002:7f00:1::'],
    ['a tunnel', '2001::1'],
    ['a translator of somebody', '64:ff9b:1::1'],
    ['what is no address', ''],
    ['what is no address', 'localhost'],
    ['what is no address', '1.2.3.4.5'],
  ])('%s: %j', (_what, address) => {
    expect(addressKind(address)).toBe('never');
  });
});
