import express, { type Express } from 'express';
import { DomainError } from '../domain/errors.ts';
import { createAllowances } from './demand-allowance.ts';
import type { Deps } from './deps.ts';
import { createIdentity } from './identity.ts';
import { createMetrics } from './metrics.ts';
import { observe } from './observe.ts';
import { pages } from './pages/index.ts';
import { createPages } from './pages/page-route.ts';
import { problemHandler } from './problem.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { requestLimits } from './request-limits.ts';
import { createRouter } from './router.ts';
import { routes } from './routes/index.ts';
import { systemRoutes } from './routes/system.ts';
import { securityHeaders } from './security-headers.ts';
import { publicUrl } from './session.ts';

/** Builds the API; `server.ts` listens. */
export function createApp(deps: Deps): Express {
  const app = express();
  const metrics = createMetrics();
  const identity = createIdentity(deps);
  const allowances = createAllowances(deps, createRateLimiter(deps));
  app.disable('etag').set('query parser', 'simple');
  app.set('trust proxy', deps.config.TRUSTED_PROXIES);
  app.use(observe(deps.logger, metrics));
  app.use(securityHeaders(publicUrl(deps.config)), requestLimits);
  app.use(createRouter([...routes, ...systemRoutes(routes, metrics)], deps, { identity, allowances }));
  app.use(createPages(pages, deps, allowances));
  app.get('/', (_req, res) => res.redirect('/docs'));
  app.use(() => {
    throw new DomainError('not_found');
  });
  app.use(problemHandler(deps.logger, deps.clock));
  return app;
}
