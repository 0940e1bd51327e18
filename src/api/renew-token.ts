import { connectionsOfSource } from '../db/connections.ts';
import type { SignedIn } from '../db/sessions.ts';
import type { Deps } from './deps.ts';
import { replaceToken } from './replace-token.ts';
import type { At, CameBack } from './sign-in.ts';

/**
 * Gitea may take each refresh token once (INVALIDATE_REFRESH_TOKENS), and then counts them by person and application:
 * whoever signs in again ends the one that their connection has. So the connection goes on with the newest.
 * @param isWanted it is kept for connecting, too
 * @returns whether a connection has it now
 */
export async function renewToken(
  deps: Deps,
  at: At,
  { source }: SignedIn,
  { granted, heldTokenId }: CameBack,
  isWanted: boolean,
): Promise<boolean> {
  if (!source || at.place !== 'instance' || !deps.sources[at.instance.kind].tokensExpire) return false;
  const [there] = await connectionsOfSource(deps.pool, source);
  if (!there) return false;
  const { accessToken: token, refreshToken, expiresAt } = granted;
  const row = { id: there.id, instanceId: at.instance.id };
  await replaceToken(deps, row, { token, refreshToken, expiresAt }, isWanted ? undefined : heldTokenId);
  return true;
}
