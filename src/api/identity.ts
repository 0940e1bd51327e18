import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { findToken } from '../db/api-tokens.ts';
import type { Pool } from '../db/pool.ts';
import { DomainError } from '../domain/errors.ts';
import type { SourceIdentity } from '../ports/source.ts';

export type Role = 'operator' | 'support' | 'person';

interface Known {
  /** What audit records and idempotency keys name: a pseudonym, never a login. */
  id: string;
}
export interface Person extends Known {
  role: 'person';
  instanceId: string;
  source: SourceIdentity;
  githubUserId: number;
}
export type Actor = Person | (Known & { role: 'support'; githubUserId?: number }) | (Known & { role: 'operator' });

/** Who calls. Today an API token says so; a session of a browser is to be another implementation. */
export interface Identity {
  /** @throws DomainError unauthenticated */
  authenticate(req: Request): Promise<Actor>;
}

/** The scheme's case does not matter (RFC 9110, 11.1). */
const TOKEN = /^bearer +(uc_[A-Za-z0-9_-]{43})$/i;

/** API tokens, which the database holds only as SHA-256: 256 random bits need no slower hash. */
export function tokenIdentity(pool: Pool): Identity {
  return {
    async authenticate(req) {
      const token = TOKEN.exec(req.get('authorization') ?? '')?.[1];
      const row = token && (await findToken(pool, createHash('sha256').update(token).digest()));
      if (!row) throw new DomainError('unauthenticated', 'Send a valid API token: "Authorization: Bearer uc_…".');
      const id = `token:${row.id}`;
      return row.role === 'person' ? { ...row.person, role: 'person', id } : { ...row, id };
    },
  };
}
