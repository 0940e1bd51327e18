import { loadInstance } from '../../db/instances.ts';
import type { Session, SignedIn } from '../../db/sessions.ts';
import { DomainError } from '../../domain/errors.ts';
import { beginSession } from '../begin-session.ts';
import { knownBrowser } from '../cookies.ts';
import type { Deps } from '../deps.ts';
import { actorOf } from '../identity.ts';
import { renewToken } from '../renew-token.ts';
import { isId } from '../schemas.ts';
import { beginSignIn, finishSignIn, giveBack, type At, type CameBack } from '../sign-in.ts';
import { after, demandSame, whoCame } from '../who-came.ts';
import { finishConnect } from './finish-connect.ts';
import type { PageAnswer, PageCall, PageRoute } from './page-route.ts';

/** Where browsers come back to from the places where people sign in. */
export const callbackPages: readonly PageRoute[] = [
  {
    method: 'get',
    path: '/sign-in/callback/github',
    rate: 'sign_in',
    handler: (call) => comeBack(call, { place: 'github' }),
  },
  {
    method: 'get',
    path: '/sign-in/callback/staff',
    rate: 'sign_in',
    handler: (call) => comeBack(call, { place: 'staff' }),
  },
  {
    method: 'get',
    path: '/sign-in/callback/instances/:id',
    rate: 'sign_in',
    async handler(call) {
      const id = call.field('id');
      const instance = isId(id) ? await loadInstance(call.deps.pool, id) : undefined;
      if (!instance) throw new DomainError('sign_in_invalid');
      return comeBack(call, { place: 'instance', instance });
    },
  },
];

async function comeBack(call: PageCall, at: At): Promise<PageAnswer> {
  const { deps, req } = call;
  const query = req.originalUrl.slice(req.originalUrl.indexOf('?'));
  const came = await finishSignIn(deps, at, knownBrowser(req), query.startsWith('?') ? query : '');
  return came.flow.purpose === 'connect' ? connecting(call, at, came) : signedIn(call, at, came);
}

async function signedIn({ deps, res, session }: PageCall, at: At, came: CameBack): Promise<PageAnswer> {
  // It was begun in a session that is over by now, or that another tab has just taken on: nothing is begun anew by it.
  if (came.flow.sessionId !== null && came.flow.sessionId !== session?.id) {
    await giveBack(deps, at, came);
    throw new DomainError('sign_in_invalid');
  }
  const who = await onlySayingWho(deps, at, came);
  const now = await beginSession(deps, res, session, after(session?.signedIn ?? {}, who));
  const { returnTo } = came.flow;
  // A person is to sign in at the other place too.
  return { goTo: actorOf(now) ? returnTo : `/sign-in?returnTo=${encodeURIComponent(returnTo)}` };
}

/**
 * First the instance, whose token is to read the counts; then GitHub.com. Both by the browser and the session that
 * began: what somebody else authorized in between connects nothing.
 */
async function connecting(call: PageCall, at: At, came: CameBack): Promise<PageAnswer> {
  const { deps, res, session, browser } = call;
  const { flow, granted, heldTokenId } = came;
  if (flow.sessionId !== (session?.id ?? null)) throw new DomainError('sign_in_invalid');
  if (at.place === 'instance') {
    try {
      const who = await whoCame(deps, at, granted, true);
      await renewToken(deps, at, who, came, true);
      const now = await goesOn(call, session, who);
      const { returnTo } = flow;
      const wanted = { purpose: 'connect', sessionId: now.id, heldTokenId, returnTo, browser } as const;
      return { goTo: await beginSignIn(deps, { place: 'github' }, wanted) };
    } catch (error) {
      await giveBack(deps, at, came);
      throw error;
    }
  }
  const who = await onlySayingWho(deps, at, came);
  const now = await goesOn({ deps, res }, session, who);
  return { goTo: await finishConnect(deps, now, flow.heldTokenId) };
}

/** The token is given back, whatever it said, unless a connection of theirs has to go on with it. */
async function onlySayingWho(deps: Deps, at: At, came: CameBack): Promise<SignedIn> {
  let isInUse = false;
  try {
    const who = await whoCame(deps, at, came.granted, false);
    isInUse = await renewToken(deps, at, who, came, false);
    return who;
  } finally {
    if (!isInUse) await giveBack(deps, at, came);
  }
}

/** Whoever is signed in stays who they are. @throws DomainError other_person */
async function goesOn(
  { deps, res }: Pick<PageCall, 'deps' | 'res'>,
  before: Session | undefined,
  who: SignedIn,
): Promise<Session> {
  const signedInBefore = before?.signedIn ?? {};
  demandSame(signedInBefore, who);
  return beginSession(deps, res, before, after(signedInBefore, who));
}
