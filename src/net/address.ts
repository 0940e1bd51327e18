import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { DomainError } from '../domain/errors.ts';
import { addressKind } from './address-kind.ts';

/** A base address taken apart once, since it is used for each request. */
export interface Target {
  /** `https://host:port` */
  origin: string;
  /** What a path is put after; empty or `/prefix`. */
  prefix: string;
}

/** Whereto requests may go, beyond the internet. Link-local, metadata and reserved addresses never. */
export interface Reach {
  /** This machine, by plain HTTP too; everywhere else it is HTTPS always. */
  allowHttpLoopback: boolean;
  /** The operator's own network: RFC 1918, carrier-grade NAT, unique local addresses. */
  allowPrivateNetwork?: boolean;
}

/** What an operator allowed for one instance. */
export interface AddressRule extends Reach {
  baseUrl: string;
}

/** The target of an allowed address; undefined for any other. A host name is judged each time that it is resolved. */
export function targetOf({ baseUrl, ...reach }: AddressRule): Target | undefined {
  if (!URL.canParse(baseUrl)) return undefined;
  const url = new URL(baseUrl);
  if (url.username || url.password || url.search || url.hash) return undefined;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && reach.allowHttpLoopback)) return undefined;
  // An address that was written as such is never looked up. However it was written: the parser has made it plain.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isWithin(host, url.protocol, reach)) return undefined;
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

/** @throws DomainError address_not_allowed */
export function assertAddressAllowed(rule: AddressRule): void {
  if (targetOf(rule) === undefined) throw new DomainError('address_not_allowed');
}

export const NOT_ALLOWED = 'ERR_ADDRESS_NOT_ALLOWED';

/**
 * Resolves a name for one connection, which is then made to what was found and judged here: an answer that changes later
 * changes nothing. Refused unless every address that the name has is within reach.
 */
export function lookupWithin(protocol: string, reach: Reach, lookup: LookupFunction = resolve): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      if (error || addresses.every((address) => isWithin(address, protocol, reach))) callback(error, found, family);
      else callback(Object.assign(new Error('an address is not allowed'), { code: NOT_ALLOWED }), found, family);
    });
  };
}

function isWithin(address: string, protocol: string, { allowHttpLoopback, allowPrivateNetwork = false }: Reach) {
  const kind = addressKind(address);
  if (kind === 'loopback') return allowHttpLoopback;
  if (protocol !== 'https:') return false;
  return kind === 'public' || (kind === 'private' && allowPrivateNetwork);
}
