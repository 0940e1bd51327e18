import { addMs, HOUR_MS } from '../domain/dates.ts';
import { DomainError } from '../domain/errors.ts';
import type { SourceKind } from '../domain/source-label.ts';
import { settleRevocation, takeRevocations, type DueRevocation } from '../db/connection-tokens.ts';
import { loadInstance } from '../db/instances.ts';
import type { Pool } from '../db/pool.ts';
import type { Source } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';

export interface RevocationDeps {
  pool: Pool;
  sources: Record<SourceKind, Source>;
  cipher: TokenCipher;
  clock: () => Date;
}

/** Revokes at the instance the tokens of links that have ended, each for 7 days at the most; then the ciphertext goes. */
export async function revokeTokens(deps: RevocationDeps): Promise<void> {
  const asOf = deps.clock().toISOString();
  for (const due of await takeRevocations(deps.pool, asOf, 50, addMs(asOf, HOUR_MS))) await revokeOne(deps, due, asOf);
}

async function revokeOne(deps: RevocationDeps, due: DueRevocation, asOf: string): Promise<void> {
  const instance = await loadInstance(deps.pool, due.instanceId);
  const token = opened(deps, due);
  if (instance?.oauth && token !== undefined) {
    const { clientId, secret } = instance.oauth;
    const answer = await deps.sources[instance.kind].revoke(
      {
        id: instance.id,
        kind: instance.kind,
        baseUrl: instance.baseUrl,
        allowHttpLoopback: instance.allowHttpLoopback,
        oauth: { clientId, clientSecret: deps.cipher.open(secret.ciphertext, secret.keyId, instance.id) },
      },
      token,
    );
    if (answer.ok) return settleRevocation(deps.pool, due.connectionId, answer.already ? 'already_invalid' : 'revoked');
  }
  if (due.giveUpAt <= asOf) await settleRevocation(deps.pool, due.connectionId, 'gave_up');
}

/** One that no key opens any more must not keep the others waiting; it is given up in its time. */
function opened({ cipher }: RevocationDeps, { ciphertext, keyId, connectionId }: DueRevocation): string | undefined {
  try {
    return cipher.open(ciphertext, keyId, connectionId);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'token_unreadable') return undefined;
    throw error;
  }
}
