import type { Answer } from './answer.ts';
import { notFound } from './answer.ts';
import type { Incoming } from './incoming.ts';

/** Named parts of a path, percent-decoded; a part that the pattern has is always there. */
type PathParts = Readonly<Record<string, string>>;

export interface Route<Context> {
  method: string;
  /** `/user/:id`: a part after a colon takes one segment. */
  path: string;
  handle(request: Incoming, context: Context, parts: PathParts): Answer | Promise<Answer>;
}

/** Finds the route and answers by it; 404 where there is none, as the real ones do for a wrong method too. */
export function router<Context>(
  routes: readonly Route<Context>[],
): (request: Incoming, context: Context) => Promise<Answer> {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return async (request, context) => {
    for (const { route, pattern } of compiled) {
      const match = route.method === request.method ? pattern.exec(request.path) : null;
      if (match !== null) return route.handle(request, context, decoded(match.groups ?? {}));
    }
    return notFound();
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
}

function decoded(groups: Record<string, string>): PathParts {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
}
