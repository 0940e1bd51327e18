import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { DomainError } from '../domain/errors.ts';

/** A base address taken apart once, since it is used for each request. */
export interface Target {
  /** `https://host:port` */
  origin: string;
  /** What a path is put after; empty or `/prefix`. */
  prefix: string;
}

/** What an operator allowed for one instance. */
export interface AddressRule {
  baseUrl: string;
  /** Plain HTTP to a loopback address; anything else is HTTPS always. */
  allowHttpLoopback: boolean;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The target of an allowed address; undefined for any other. A host name is checked again when it is resolved. */
export function targetOf({ baseUrl, allowHttpLoopback }: AddressRule): Target | undefined {
  if (!URL.canParse(baseUrl)) return undefined;
  const url = new URL(baseUrl);
  if (url.username || url.password || url.search || url.hash) return undefined;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowHttpLoopback && mayBeLoopback(url.hostname))) {
    return undefined;
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

/** @throws DomainError address_not_allowed */
export function assertAddressAllowed(rule: AddressRule): void {
  if (targetOf(rule) === undefined) throw new DomainError('address_not_allowed');
}

export const NOT_LOOPBACK = 'ERR_ADDRESS_NOT_LOOPBACK';

/** Resolves a name for plain HTTP; refused unless every address that it has is a loopback address. */
export const lookupLoopback: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, options, (error, found, family) => {
    const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
    if (error || addresses.every(isLoopback)) callback(error, found, family);
    else callback(Object.assign(new Error('not a loopback address'), { code: NOT_LOOPBACK }), found, family);
  });
};

/** An address that was written as such is never looked up, so it is judged here. */
function mayBeLoopback(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 || isLoopback(address);
}

function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
