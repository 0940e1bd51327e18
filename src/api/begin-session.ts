import type { Response } from 'express';
import { inTransaction } from '../db/pool.ts';
import { startSession, type Session, type SignedIn } from '../db/sessions.ts';
import { hashOf, randomSecret, setSessionCookie } from './cookies.ts';
import type { Deps } from './deps.ts';

/**
 * A new session under a new cookie, at each sign-in: whoever knew the old one knows nothing. One that goes on keeps its
 * end, so that signing in again and again at one place does not make it longer; staff, who cannot be asked about again,
 * sign in anew every quarter of an hour.
 */
export async function beginSession(
  deps: Deps,
  res: Response,
  before: Session | undefined,
  signedIn: SignedIn,
): Promise<Session> {
  const { SESSION_LIFE, STAFF_SESSION_LIFE } = deps.config;
  const at = deps.clock();
  const goesOn = before && !signedIn.staff === !before.signedIn.staff && before.identityId !== undefined;
  const fresh = new Date(at.getTime() + (signedIn.staff ? STAFF_SESSION_LIFE : SESSION_LIFE));
  const expiresAt = goesOn && before.expiresAt < fresh ? before.expiresAt : fresh;
  const secret = randomSecret();
  const session = await inTransaction(deps.pool, (tx) =>
    startSession(tx, { hash: hashOf(secret), signedIn, at, expiresAt, instead: before?.id }),
  );
  setSessionCookie(res, secret, expiresAt);
  deps.logger.info({ session: session.id, identity: session.identityId }, 'signed in');
  return session;
}
