import type { Response } from 'express';
import { inTransaction } from '../db/pool.ts';
import { SIGN_IN_WITHIN_MS } from '../db/sign-in-flows.ts';
import { startSession, type Session, type SignedIn } from '../db/sessions.ts';
import { hashOf, randomSecret, setSessionCookie } from './cookies.ts';
import type { Deps } from './deps.ts';
import { isSamePerson } from './who-came.ts';

/**
 * A new cookie at each sign-in: whoever knew the old one knows nothing. A session that goes on keeps its end, so that
 * signing in again and again at one place does not make it longer; staff, who cannot be asked about again, sign in anew
 * every quarter of an hour. One of a single place waits for the other as long as a sign-in may take.
 * @throws DomainError sign_in_invalid where the session before was ended meanwhile
 */
export async function beginSession(
  deps: Deps,
  res: Response,
  before: Session | undefined,
  signedIn: SignedIn,
): Promise<Session> {
  const at = deps.clock();
  const goesOn = before && !signedIn.staff === !before.signedIn.staff && before.identityId !== undefined;
  const fresh = new Date(at.getTime() + lifeOf(signedIn, deps.config));
  const expiresAt = goesOn && before.expiresAt < fresh ? before.expiresAt : fresh;
  const secret = randomSecret();
  const session = await inTransaction(deps.pool, (tx) =>
    startSession(tx, {
      hash: hashOf(secret),
      signedIn,
      at,
      expiresAt,
      instead: before && { before, goesOn: isSamePerson(before.signedIn, signedIn) },
    }),
  );
  setSessionCookie(res, secret, expiresAt);
  deps.logger.info({ session: session.id, identity: session.identityId }, 'signed in');
  return session;
}

function lifeOf({ staff, source, githubUserId }: SignedIn, config: Deps['config']): number {
  if (staff) return config.STAFF_SESSION_LIFE;
  return source && githubUserId !== undefined ? config.SESSION_LIFE : SIGN_IN_WITHIN_MS;
}
