import { Router, type RequestHandler } from 'express';
import { DomainError } from '../domain/errors.ts';
import type { Deps } from './deps.ts';
import type { Route } from './route.ts';
import { handlersOf, type Door } from './run-route.ts';
import { whileHeld } from './while-held.ts';

/** Every route of the table, and 405 for the methods that a known path does not take. */
export function createRouter(routes: readonly Route[], deps: Deps, door: Door): Router {
  const router = Router({ caseSensitive: true });
  const held = whileHeld(deps.pool);
  for (const path of new Set(routes.map((route) => route.path))) {
    const ofPath = routes.filter((route) => route.path === path);
    for (const route of ofPath) {
      // What is about the API itself is answered, so that it can be seen why nothing else is.
      const first = route.tag === 'system' ? [] : [held];
      router[route.method](path, ...first, ...handlersOf(route, deps, door));
    }
    router.all(path, otherMethods(ofPath));
  }
  return router;
}

function otherMethods(routes: readonly Route[]): RequestHandler {
  const known = routes.map((route) => route.method.toUpperCase());
  const allow = [...known, ...(known.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (req, res) => {
    res.set('Allow', allow);
    if (req.method === 'OPTIONS') {
      res.status(204).end();
      return;
    }
    throw new DomainError('method_not_allowed', `This address takes ${allow}.`);
  };
}
