import type { Request } from 'express';
import { findToken } from '../db/api-tokens.ts';
import type { Session } from '../db/sessions.ts';
import { DomainError } from '../domain/errors.ts';
import type { SourceIdentity } from '../ports/source.ts';
import { demandOwnOrigin, hashOf } from './cookies.ts';
import type { Deps } from './deps.ts';
import { publicUrl, sessionOf } from './session.ts';

export type Role = 'operator' | 'support' | 'person';

interface Known {
  /** What audit records and idempotency keys name: a pseudonym, never a login. */
  id: string;
  /** Of a browser that is signed in: which of theirs it is, and whose. */
  session?: { id: string; identityId: string };
}
export interface Person extends Known {
  role: 'person';
  instanceId: string;
  source: SourceIdentity;
  githubUserId: number;
}
export type Actor = Person | (Known & { role: 'support'; githubUserId?: number }) | (Known & { role: 'operator' });

/** Who calls. */
export interface Identity {
  /** @throws DomainError unauthenticated, origin_refused */
  authenticate(req: Request): Promise<Actor>;
}

type IdentityDeps = Pick<Deps, 'pool' | 'config' | 'clock'>;

/** The scheme's case does not matter (RFC 9110, 11.1). */
const TOKEN = /^bearer +(uc_[A-Za-z0-9_-]{43})$/i;

/** An API token where one is sent, else the session of a browser. */
export function createIdentity(deps: IdentityDeps): Identity {
  return {
    authenticate: (req) =>
      req.headers.authorization === undefined ? ofSession(deps, req) : ofToken(deps, req.headers.authorization),
  };
}

/** The database holds API tokens only as SHA-256: 256 random bits need no slower hash. */
async function ofToken({ pool }: IdentityDeps, authorization: string): Promise<Actor> {
  const token = TOKEN.exec(authorization)?.[1];
  const row = token && (await findToken(pool, hashOf(token)));
  if (!row) throw new DomainError('unauthenticated', 'Send a valid API token: "Authorization: Bearer uc_…".');
  const id = `token:${row.id}`;
  return row.role === 'person' ? { ...row.person, role: 'person', id } : { ...row, id };
}

async function ofSession(deps: IdentityDeps, req: Request): Promise<Actor> {
  const session = await sessionOf(deps, req);
  if (!session)
    throw new DomainError('unauthenticated', 'Sign in, or send an API token: "Authorization: Bearer uc_…".');
  if (req.method !== 'GET' && req.method !== 'HEAD') demandOwnOrigin(req, publicUrl(deps.config));
  const actor = actorOf(session);
  if (!actor) {
    const missing = session.signedIn.source ? 'GitHub.com' : 'the instance';
    throw new DomainError('unauthenticated', `You are signed in at one place alone: sign in at ${missing} too.`);
  }
  return actor;
}

/** Undefined while a person is signed in at one of the two places alone. */
export function actorOf({ id, identityId, kind, signedIn }: Session): Actor | undefined {
  const { source, githubUserId } = signedIn;
  if (identityId === undefined || kind === undefined) return undefined;
  const session = { id, identityId };
  if (kind === 'support') {
    return { role: 'support', id: `staff:${identityId}`, session, ...(githubUserId !== undefined && { githubUserId }) };
  }
  if (!source || githubUserId === undefined) return undefined;
  const { instanceId, userId, createdAt } = source;
  return {
    role: 'person',
    id: `user:${identityId}`,
    session,
    instanceId,
    source: { userId, createdAt },
    githubUserId,
  };
}
