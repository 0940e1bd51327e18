import { randomUUID } from 'node:crypto';
import { dropHeldToken, holdToken } from '../db/held-tokens.ts';
import { sourceWithOAuth, type InstanceRow } from '../db/instances.ts';
import { insertFlow, SIGN_IN_WITHIN_MS, takeFlow, type Place, type SignInFlow } from '../db/sign-in-flows.ts';
import { DomainError } from '../domain/errors.ts';
import type { Application, Granted, Proof } from '../identity/provider.ts';
import { derived, hashOf, randomSecret } from './cookies.ts';
import type { Deps } from './deps.ts';
import { publicUrl } from './session.ts';

/** A sign-in's own token is given back at once; where that fails, after a while. */
const GIVEN_BACK_AFTER_MS = 60_000;
/** Of a developer's token, what counts in private repositories needs. */
export const COUNTS_SCOPE = 'read:user';

/** Somewhere to sign in. */
export type At = { place: 'github' } | { place: 'staff' } | { place: 'instance'; instance: InstanceRow };

export interface Wanted extends Pick<SignInFlow, 'purpose' | 'sessionId' | 'heldTokenId' | 'returnTo'> {
  browser: string;
}

/** @returns where to send the browser. @throws DomainError sign_in_unavailable */
export async function beginSignIn(deps: Deps, at: At, wanted: Wanted): Promise<string> {
  const state = randomSecret();
  const instanceId = at.place === 'instance' ? at.instance.id : null;
  const scope = scopeFor(at, wanted.purpose);
  const url = await deps.signIn.begin(applicationAt(deps, at), {
    redirectUri: callbackOf(deps, at),
    ...proofOf(wanted.browser, state),
    ...(scope !== undefined && { scope }),
  });
  await insertFlow(deps.pool, {
    ...wanted,
    place: at.place,
    instanceId,
    stateHash: hashOf(state),
    browserHash: hashOf(wanted.browser),
    at: deps.clock(),
  });
  return url.href;
}

/**
 * None, where nothing is to be read. At Gitea a token without a scope may do everything, and what is granted first holds
 * for all later tokens whatever they ask: there it is always the same, and that alone.
 */
function scopeFor(at: At, purpose: SignInFlow['purpose']): string | undefined {
  if (at.place === 'staff') return 'openid';
  if (at.place === 'github') return undefined;
  return purpose === 'connect' || at.instance.kind === 'gitea' ? COUNTS_SCOPE : undefined;
}

export interface CameBack {
  flow: SignInFlow;
  granted: Granted;
  /** Its token is on record until it is given back or kept: a process that dies leaves none behind. */
  heldTokenId: string;
}

/**
 * A browser came back. Once, in time, to the place that it was sent to, and the same browser: else nothing happens.
 * @param query as it came, with its question mark
 * @throws DomainError sign_in_invalid, sign_in_refused, sign_in_unavailable
 */
export async function finishSignIn(deps: Deps, at: At, browser: string | undefined, query: string): Promise<CameBack> {
  const url = new URL(callbackOf(deps, at) + query);
  const state = url.searchParams.get('state');
  const now = deps.clock();
  const flow =
    browser !== undefined && state !== null
      ? await takeFlow(deps.pool, {
          stateHash: hashOf(state),
          browserHash: hashOf(browser),
          place: at.place,
          instanceId: at.place === 'instance' ? at.instance.id : null,
          at: now,
        })
      : undefined;
  if (!flow || browser === undefined || state === null) throw new DomainError('sign_in_invalid');
  const granted = await deps.signIn.finish(applicationAt(deps, at), { url, now, ...proofOf(browser, state) });
  const heldTokenId = randomUUID();
  const { ciphertext, keyId } = deps.cipher.seal(granted.accessToken, heldTokenId);
  const { refreshToken, expiresAt } = granted;
  const isKept = flow.purpose === 'connect' && at.place === 'instance';
  const until = new Date(now.getTime() + (isKept ? SIGN_IN_WITHIN_MS : GIVEN_BACK_AFTER_MS));
  // The issuer's is of no use anywhere, and ends by itself.
  if (at.place !== 'staff') {
    const refreshCiphertext =
      refreshToken === undefined ? null : deps.cipher.seal(refreshToken, heldTokenId).ciphertext;
    const instanceId = at.place === 'instance' ? at.instance.id : null;
    const held = { id: heldTokenId, instanceId, ciphertext, refreshCiphertext, keyId, expiresAt: expiresAt ?? null };
    await holdToken(deps.pool, held, until);
  }
  return { flow, granted, heldTokenId };
}

/** A token that was only to say who somebody is. What cannot be given back now is by the worker, for 7 days. */
export async function giveBack(deps: Deps, at: At, { granted, heldTokenId }: CameBack): Promise<void> {
  if (at.place !== 'instance') {
    if (at.place === 'github' && (await deps.github.revoke(granted.accessToken))) {
      await dropHeldToken(deps.pool, heldTokenId);
    }
    return;
  }
  const { instance } = at;
  const source = deps.sources[instance.kind];
  const isBack =
    !source.tokensRevocable || (await source.revoke(sourceWithOAuth(instance, deps.cipher), granted.accessToken)).ok;
  if (isBack) await dropHeldToken(deps.pool, heldTokenId);
}

/** Both follow from the browser's cookie: what the database holds of a sign-in does not end it. */
function proofOf(browser: string, state: string): Proof {
  return { state, verifier: derived(browser, `verifier ${state}`), nonce: derived(browser, `nonce ${state}`) };
}

/** One address for each place, so that no place's answer is taken for another's (RFC 9700, 4.4). */
function callbackOf(deps: Deps, at: At): string {
  const path = at.place === 'instance' ? `instances/${at.instance.id}` : at.place;
  return `${publicUrl(deps.config)}/sign-in/callback/${path}`;
}

/** Our application at a place. @throws DomainError sign_in_unavailable where there is none */
function applicationAt(deps: Deps, at: At): Application {
  const application = at.place === 'instance' ? ofInstance(deps, at.instance) : ofSettings(deps, at.place);
  if (application) return application;
  throw new DomainError('sign_in_unavailable', 'Signing in there is not set up. Tell the operator.');
}

function ofInstance(deps: Deps, instance: InstanceRow): Application | undefined {
  const {
    kind,
    oauth,
    baseUrl,
    allowHttpLoopback,
    allowPrivateNetwork = false,
  } = sourceWithOAuth(instance, deps.cipher);
  if (!oauth) return undefined;
  const web = { baseUrl, allowHttpLoopback, allowPrivateNetwork };
  return { kind: kind === 'gitea' ? 'gitea' : 'github', web, ...oauth };
}

function ofSettings({ config }: Deps, place: Exclude<Place, 'instance'>): Application | undefined {
  const allowHttpLoopback = config.ALLOW_HTTP_LOOPBACK;
  const [kind, baseUrl, clientId, clientSecret] =
    place === 'github'
      ? (['github', config.GITHUB_URL, config.GITHUB_CLIENT_ID, config.GITHUB_CLIENT_SECRET] as const)
      : (['discovered', config.STAFF_ISSUER, config.STAFF_CLIENT_ID, config.STAFF_CLIENT_SECRET] as const);
  if (baseUrl === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  // The operator names their own issuer, which may well be in their own network.
  const web = { baseUrl: baseUrl.replace(/\/+$/, ''), allowHttpLoopback, allowPrivateNetwork: place === 'staff' };
  return { kind, web, clientId, clientSecret };
}
