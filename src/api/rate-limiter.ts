import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config, Rate } from '../config.ts';
import { RATE_LIMIT_TABLE } from '../db/rate-limits.ts';
import { DomainError } from '../domain/errors.ts';
import type { Deps } from './deps.ts';

/** What kind of act it is, as far as how often it may be done. */
export type RateClass = 'read' | 'write' | 'costly' | 'request' | 'removal' | 'public' | 'sign_in' | 'guess';

/** One act of a kind, by somebody. */
export interface Act {
  class: RateClass;
  /** The route. */
  what: string;
  /** A pseudonym. */
  who: string;
}

export interface Taken {
  isAllowed: boolean;
  rate: Rate;
  remaining: number;
  resetMs: number;
}

export interface RateLimiter {
  /**
   * Counts one. Undefined where nobody can say: then it is let through.
   * @throws DomainError service_unavailable of a sign-in where nobody can say
   */
  take(act: Act): Promise<Taken | undefined>;
}

/** Counts for all API processes together: one statement each, and none for whoever has had too many. */
export function createRateLimiter({ pool, config, logger }: Pick<Deps, 'pool' | 'config' | 'logger'>): RateLimiter {
  const rates = ratesOf(config);
  const limiters = new Map(
    Object.entries(rates).map(([name, { count: points, ms }]) => [
      name,
      new RateLimiterPostgres({
        storeClient: pool,
        storeType: 'pool',
        tableName: RATE_LIMIT_TABLE,
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        points,
        duration: ms / 1000,
        inMemoryBlockOnConsumed: points + 1,
      }),
    ]),
  );
  return {
    async take({ class: kind, what, who }) {
      try {
        const left = await consume(limiters.get(kind)!, `${what}:${who}`);
        const { consumedPoints, remainingPoints: remaining, msBeforeNext: resetMs } = left;
        // Of a caller who has had too many this process knows no more than that.
        const isAllowed = consumedPoints > 0 && consumedPoints <= rates[kind].count;
        return { isAllowed, rate: rates[kind], remaining, resetMs };
      } catch (error) {
        logger.error({ error: (error as Error).name, class: kind }, 'requests could not be counted');
        if (kind === 'sign_in') throw new DomainError('service_unavailable');
        return undefined;
      }
    },
  };
}

function consume(limiter: RateLimiterPostgres, key: string): Promise<RateLimiterRes> {
  return limiter.consume(key).catch((refused: unknown) => {
    if (refused instanceof RateLimiterRes) return refused;
    throw refused;
  });
}

function ratesOf(config: Config): Record<RateClass, Rate> {
  const times = ({ count, ms }: Rate): Rate => ({ count: Math.min(count * config.RATE_LIMIT_FACTOR, MOST), ms });
  return {
    read: times(config.RATE_LIMIT_READ),
    write: times(config.RATE_LIMIT_WRITE),
    costly: times(config.RATE_LIMIT_COSTLY),
    request: times(config.RATE_LIMIT_REQUEST),
    removal: times(config.RATE_LIMIT_REMOVAL),
    public: times(config.RATE_LIMIT_PUBLIC),
    sign_in: times(config.RATE_LIMIT_SIGN_IN),
    guess: times(config.RATE_LIMIT_GUESS),
  };
}

/** What PostgreSQL's integer holds, with room for those that are refused. */
const MOST = 1_000_000_000;
