import { setTimeout as delay } from 'node:timers/promises';
import type { PageConnection } from '../db/sync-pages.ts';
import type { Source, SourceInstance, SourceReadFailure } from '../ports/source.ts';
import type { ActivityDeps } from './deps.ts';

type RefreshDeps = Pick<ActivityDeps, 'pool' | 'db' | 'cipher'>;
/** A source and the instance of it that is asked. */
export interface From {
  source: Source;
  where: SourceInstance;
}
/** What is about to be refreshed, and the right to do it. */
interface Leased {
  connectionId: string;
  version: number;
  lease: string;
  refreshToken: string;
}

/** Longer than an exchange with a source may take (30 s), so that a lease does not end under its holder. */
const LEASE_MS = 45_000;
const LOOK_EVERY_MS = 100;
/** By our side: it says nothing of the instance. */
const GIVEN_UP: SourceReadFailure = { ok: false, failure: 'source_unreachable', systemic: false };

/**
 * A fresh access token, stored. One reader at a time exchanges a connection's refresh token; no transaction is open
 * while it does, so nobody's removal waits for a source. The others look again until it is there.
 */
export async function refreshToken(
  deps: RefreshDeps,
  from: From,
  connection: PageConnection,
  stillDue: (expiresAt: string | null) => boolean,
  signal?: AbortSignal,
): Promise<string | SourceReadFailure> {
  const { tokens } = deps.db;
  for (let waited = 0; waited <= LEASE_MS; waited += LOOK_EVERY_MS) {
    if (signal?.aborted) return GIVEN_UP;
    const current = await tokens.loadToken(deps.pool, connection.id);
    if (!current) return { ok: false, failure: 'token_revoked', systemic: false };
    const { version, keyId } = current;
    // Another reader refreshed it: its token serves, unless it is to be refreshed again by now.
    const newer = version !== connection.token.version;
    if (!current.refreshCiphertext || (newer && !stillDue(current.expiresAt))) {
      return openToken(deps, connection.id, current);
    }
    const opened = openToken(deps, connection.id, { ciphertext: current.refreshCiphertext, keyId });
    if (typeof opened !== 'string') return opened;
    const lease = await tokens.takeRefreshLease(deps.pool, connection.id, version, LEASE_MS);
    const leased = lease && { connectionId: connection.id, version, lease, refreshToken: opened };
    const answer = leased && (await exchange(deps, from, leased));
    if (answer) return answer;
    await delay(LOOK_EVERY_MS);
  }
  return GIVEN_UP;
}

/**
 * The signal does not cut it: the source may have spent the refresh token by then, and the answer with the next one would
 * be lost. So it is if this process dies between the answer and its storing. The source then says `token_expired`, and
 * the developer has that cause's grace to connect anew.
 * @returns undefined if what is stored has changed meanwhile
 */
async function exchange(
  deps: RefreshDeps,
  { source, where }: From,
  { connectionId, version, lease, refreshToken: given }: Leased,
): Promise<string | SourceReadFailure | undefined> {
  const { tokens } = deps.db;
  const answer = await source.refresh(where, given).catch((): SourceReadFailure => BAD_ANSWER);
  if (!answer.ok) {
    return (await tokens.releaseRefreshLease(deps.pool, connectionId, version, lease)) ? answer : undefined;
  }
  const access = deps.cipher.seal(answer.accessToken, connectionId);
  // One that stays is sealed anew all the same: both are under one key.
  const next = deps.cipher.seal(answer.refreshToken ?? given, connectionId);
  const fresh = { ...access, refreshCiphertext: next.ciphertext, expiresAt: answer.expiresAt ?? null };
  if (await tokens.storeRefreshed(deps.pool, connectionId, version, fresh)) return answer.accessToken;
  // The link was erased, or connected anew: nobody is to have this one.
  if (source.tokensRevocable) await source.revoke(where, answer.accessToken);
  return undefined;
}

const BAD_ANSWER: SourceReadFailure = { ok: false, failure: 'bad_answer', systemic: false };

export function openToken(
  { cipher }: Pick<RefreshDeps, 'cipher'>,
  connectionId: string,
  token: { ciphertext: Buffer; keyId: string },
): string | SourceReadFailure {
  const unreadable: SourceReadFailure = { ok: false, failure: 'token_unreadable', systemic: false };
  return cipher.open(token.ciphertext, token.keyId, connectionId) ?? unreadable;
}
