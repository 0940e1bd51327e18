import ipaddr from 'ipaddr.js';

/**
 * What an address stands for, as far as a request may go there: any machine of the internet, one of the operator's own
 * network, this machine, or one that no request has any business with.
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'never';

/** @param address as a resolver or a URL writes it, brackets and all */
export function addressKind(address: string): AddressKind {
  const text = address.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(text)) return 'never';
  const parsed = ipaddr.parse(text);
  const inner = embedded(parsed) ?? parsed;
  if (SERVICES.some((network) => inner.kind() === network[0].kind() && inner.match(network))) return 'never';
  // What is not given out as an address of the internet is none, whatever it may become.
  if (inner.kind() === 'ipv6' && inner.range() === 'unicast' && !inner.match(GLOBAL)) return 'never';
  return KINDS[inner.range()] ?? 'never';
}

/** IPv4 within IPv6: mapped (RFC 4291), or behind a translator (RFC 6052), which leads to that address. */
function embedded(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (!(address instanceof ipaddr.IPv6)) return undefined;
  const isWithin = address.isIPv4MappedAddress() || address.match(TRANSLATED);
  return isWithin ? new ipaddr.IPv4(address.toByteArray().slice(-4)) : undefined;
}

const KINDS: Readonly<Record<string, AddressKind>> = {
  unicast: 'public',
  loopback: 'loopback',
  private: 'private',
  carrierGradeNat: 'private',
  uniqueLocal: 'private',
};

const TRANSLATED = ipaddr.parseCIDR('64:ff9b::/96');
const GLOBAL = ipaddr.parseCIDR('2000::/3');

/** Where clouds hand out credentials to whoever asks, outside of the link-local ranges. */
const SERVICES = [
  // Amazon
  'fd00:ec2::/32',
  // Google
  'fd20:ce::/32',
  // Alibaba
  '100.100.100.200/32',
  // Azure
  '168.63.129.16/32',
  // Scaleway
  'fd00:42::42/128',
].map((network) => ipaddr.parseCIDR(network));
