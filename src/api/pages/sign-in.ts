import { loadInstance } from '../../db/instances.ts';
import { endSessionOf } from '../../db/sessions.ts';
import { clearSessionCookie, hashOf, sessionCookie } from '../cookies.ts';
import { actorOf } from '../identity.ts';
import { beginSignIn, type At } from '../sign-in.ts';
import { signInPage } from '../views/sign-in-page.ts';
import { ownPath, type PageAnswer, type PageCall, type PageRoute } from './page-route.ts';
import { instanceNamed } from './instance-named.ts';

/** Where people sign in, and out. */
export const signInPages: readonly PageRoute[] = [
  {
    method: 'get',
    path: '/sign-in',
    async handler({ deps, session, form, field }) {
      const returnTo = ownPath(field('returnTo'));
      if (session && actorOf(session)?.role === 'person') return { goTo: returnTo };
      const { source, githubUserId } = session?.signedIn ?? {};
      const there = source && (await loadInstance(deps.pool, source.instanceId));
      const { GITHUB_CLIENT_ID: github, STAFF_ISSUER: staff } = deps.config;
      return {
        html: signInPage({
          form,
          returnTo,
          hostname: field('hostname'),
          at: { instance: there?.hostname, github: githubUserId !== undefined },
          offers: { github: github !== undefined, staff: staff !== undefined },
        }),
      };
    },
  },
  {
    method: 'post',
    path: '/sign-in/instance',
    rate: 'sign_in',
    handler: async (call) =>
      leave(call, { place: 'instance', instance: await instanceNamed(call.deps, call.field('hostname')) }),
  },
  { method: 'post', path: '/sign-in/github', rate: 'sign_in', handler: (call) => leave(call, { place: 'github' }) },
  { method: 'post', path: '/sign-in/staff', rate: 'sign_in', handler: (call) => leave(call, { place: 'staff' }) },
  {
    method: 'post',
    path: '/sign-out',
    rate: 'removal',
    async handler({ deps, req, res }) {
      const secret = sessionCookie(req);
      if (secret !== undefined) await endSessionOf(deps.pool, hashOf(secret));
      clearSessionCookie(res);
      return { goTo: '/sign-in' };
    },
  },
];

async function leave({ deps, browser, session, field }: PageCall, at: At): Promise<PageAnswer> {
  const returnTo = ownPath(field('returnTo'));
  const sessionId = session?.id ?? null;
  return { goTo: await beginSignIn(deps, at, { purpose: 'sign_in', sessionId, heldTokenId: null, returnTo, browser }) };
}
