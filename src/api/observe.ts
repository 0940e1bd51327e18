import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';

const OURS = /^[\w-]{8,64}$/;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Gives each request its id, and a log line and a measurement when it is answered: no query, no token, no body. */
export function observe(logger: Logger, metrics: Metrics): RequestHandler {
  return (req, res, next) => {
    const began = performance.now();
    const given = req.get('x-request-id');
    const requestId = given !== undefined && OURS.test(given) ? given : randomUUID();
    res.locals['requestId'] = requestId;
    res.set('X-Request-Id', requestId);
    res.on('close', () => {
      const seconds = (performance.now() - began) / 1000;
      const measured = {
        method: METHODS.has(req.method) ? req.method : 'other',
        route: (res.locals['route'] as string | undefined) ?? 'other',
        status: res.writableFinished ? res.statusCode : 499,
        code: (res.locals['code'] as string | undefined) ?? 'ok',
        seconds,
      };
      metrics.observe(measured);
      logger.info({ requestId, ...measured }, 'request');
    });
    next();
  };
}
