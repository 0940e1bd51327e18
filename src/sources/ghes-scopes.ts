import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether the token may count work in private repositories: `read:user`, or `user`, which includes it. Without it the
 * answer looks complete and is too low. A token of a kind that lists no scopes (a GitHub App's, a fine-grained one) sees
 * only what its own permissions reach, so a missing header counts as a missing scope.
 */
export function seesPrivateWork(headers: IncomingHttpHeaders): boolean {
  // A header that came twice is a list, which means the same as one with commas (RFC 9110, 5.3).
  const scopes = headers['x-oauth-scopes'] ?? '';
  return (
    scopes === 'read:user' ||
    String(scopes)
      .split(',')
      .some((scope) => SUFFICIENT.has(scope.trim()))
  );
}

const SUFFICIENT: ReadonlySet<string> = new Set(['read:user', 'user']);
