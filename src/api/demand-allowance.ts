import { createHmac, hkdfSync } from 'node:crypto';
import type { Request, Response } from 'express';
import ipaddr from 'ipaddr.js';
import { DomainError } from '../domain/errors.ts';
import type { Deps } from './deps.ts';
import type { Act, RateLimiter } from './rate-limiter.ts';

/** Of a network of IPv6 one client has at least all of these. */
const ONE_CLIENT_BITS = 64;

export interface Allowances {
  /** Counts an act and says in the answer what is left. @throws DomainError too_many_requests, service_unavailable */
  demand(res: Response, act: Act): Promise<void>;
  /** Who asks, where nobody is known: an address, as a pseudonym that nobody without our keys can turn back. */
  addressOf(req: Request): string;
}

export function createAllowances(deps: Pick<Deps, 'config' | 'clock'>, limiter: RateLimiter): Allowances {
  const key = Buffer.from(hkdfSync('sha256', deps.config.TOKEN_KEYS, '', 'addresses of rate limits', 32));
  return {
    async demand(res, act) {
      const taken = await limiter.take(act);
      if (!taken) return;
      const { rate, remaining, resetMs, isAllowed } = taken;
      // As in draft-ietf-httpapi-ratelimit-headers-10.
      res.set({
        'RateLimit-Policy': `"${act.class}";q=${rate.count};w=${Math.ceil(rate.ms / 1000)}`,
        RateLimit: `"${act.class}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
      });
      if (isAllowed) return;
      const retryAt = new Date(deps.clock().getTime() + resetMs).toISOString();
      throw new DomainError('too_many_requests', undefined, { retryAt });
    },
    addressOf: (req) => createHmac('sha256', key).update(clientOf(req)).digest('hex'),
  };
}

/** The address that `trust proxy` leaves; what a proxy wrote there and is no address counts as the proxy itself. */
function clientOf({ ip, socket }: Request): string {
  const text = ip !== undefined && ipaddr.isValid(ip) ? ip : (socket.remoteAddress ?? '');
  if (!ipaddr.isValid(text)) return '';
  const address = ipaddr.process(text);
  if (address.kind() === 'ipv4') return address.toString();
  return Buffer.from(address.toByteArray().slice(0, ONE_CLIENT_BITS / 8)).toString('hex');
}
