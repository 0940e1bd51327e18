import type { Request } from 'express';
import { findSession, touchSession, type Session } from '../db/sessions.ts';
import type { Deps } from './deps.ts';
import { hashOf, sessionCookie } from './cookies.ts';

/** How old "seen" may be before it is written anew: a write a request would be one too many. */
const SEEN_FOR_MS = 60_000;

/** The session of the request's cookie, if it is still good. */
export async function sessionOf(
  { pool, config, clock }: Pick<Deps, 'pool' | 'config' | 'clock'>,
  req: Request,
): Promise<Session | undefined> {
  const secret = sessionCookie(req);
  if (secret === undefined) return undefined;
  const now = clock();
  const session = await findSession(pool, hashOf(secret), now, config.SESSION_IDLE);
  if (session && now.getTime() - session.seenAt.getTime() > SEEN_FOR_MS) await touchSession(pool, session.id, now);
  return session;
}

/** `https://…`, as browsers write the origin of our pages. */
export function publicUrl({ PUBLIC_URL, PORT }: Deps['config']): string {
  return PUBLIC_URL ?? `http://127.0.0.1:${PORT}`;
}
