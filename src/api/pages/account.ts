import { loadInstance } from '../../db/instances.ts';
import { actorOf } from '../identity.ts';
import { accountPage } from '../views/account-page.ts';
import { operate } from './operate.ts';
import type { PageRoute } from './page-route.ts';

interface Listed<Item> {
  items: Item[];
}

/** Who is signed in, and what is theirs. */
export const accountPages: readonly PageRoute[] = [
  {
    method: 'get',
    path: '/account',
    async handler(call) {
      const { deps, session, form } = call;
      const actor = session && actorOf(session);
      if (!session || !actor) return { goTo: '/sign-in?returnTo=/account' };
      const sessions = await operate(call, 'listSessions');
      const instance = actor.role === 'person' ? await loadInstance(deps.pool, actor.instanceId) : undefined;
      const connections = actor.role === 'person' ? await operate(call, 'listConnections') : undefined;
      const rows = connections?.body as Listed<{ id: string; instance: { hostname: string }; status: string }>;
      return {
        html: accountPage({
          form,
          role: actor.role === 'person' ? 'person' : 'support',
          instance: instance?.hostname,
          isLinkedToGitHub: session.signedIn.githubUserId !== undefined,
          connections: (rows?.items ?? []).map(({ id, status, instance: { hostname } }) => ({ id, hostname, status })),
          sessions: (sessions.body as Listed<{ id: string; createdAt: string; seenAt: string; isThis: boolean }>).items,
        }),
      };
    },
  },
  {
    method: 'post',
    path: '/account/sessions/:id/end',
    rate: 'removal',
    async handler(call) {
      await operate(call, 'endSession', { params: { id: call.field('id') } });
      return { goTo: '/account' };
    },
  },
];
