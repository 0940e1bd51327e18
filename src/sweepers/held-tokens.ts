import { dropHeldToken, dueHeldTokens, type HeldToken } from '../db/held-tokens.ts';
import { loadInstance, sourceWithOAuth } from '../db/instances.ts';
import { HOUR_MS } from '../domain/dates.ts';
import type { RevocationDeps } from './revocations.ts';

export interface HeldTokenDeps extends RevocationDeps {
  /** Takes one of our tokens of GitHub.com back. @returns whether it holds no more */
  github: { revoke(token: string, signal?: AbortSignal): Promise<boolean> };
}

const BATCH = 50;
/** One place that answers slowly keeps the next sweep waiting no longer than this. */
const LONGEST_MS = 30_000;

/** Gives back the tokens of sign-ins whose process died, and of connects that nobody finished. */
export async function giveBackHeldTokens(deps: HeldTokenDeps, stop?: AbortSignal): Promise<void> {
  const now = deps.clock();
  const due = await dueHeldTokens(deps.pool, now, BATCH, new Date(now.getTime() + HOUR_MS));
  const timeLimit = AbortSignal.timeout(LONGEST_MS);
  const signal = stop ? AbortSignal.any([stop, timeLimit]) : timeLimit;
  for (const held of due) {
    if (signal.aborted) return;
    if (await isGivenBack(deps, held, signal)) await dropHeldToken(deps.pool, held.id);
  }
}

async function isGivenBack(deps: HeldTokenDeps, held: HeldToken, signal: AbortSignal): Promise<boolean> {
  const token = deps.cipher.open(held.ciphertext, held.keyId, held.id);
  if (token === undefined) return false;
  if (held.instanceId === null) return deps.github.revoke(token, signal);
  const instance = await loadInstance(deps.pool, held.instanceId);
  if (!instance) return true;
  const source = deps.sources[instance.kind];
  // What cannot be taken back ends by itself, within the hour.
  if (!source.tokensRevocable) return true;
  const where = sourceWithOAuth(instance, deps.cipher);
  return where.oauth !== undefined && (await source.revoke(where, token, signal)).ok;
}
