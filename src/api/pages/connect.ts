import { randomUUID } from 'node:crypto';
import { DomainError } from '../../domain/errors.ts';
import { actorOf } from '../identity.ts';
import { refusalOf } from '../refusal-of.ts';
import { isId } from '../schemas.ts';
import { beginSignIn } from '../sign-in.ts';
import { connectPage } from '../views/connect-page.ts';
import { connectionPage, type ConnectionModel, type Look } from '../views/connection-page.ts';
import { instanceNamed } from './instance-named.ts';
import { operate } from './operate.ts';
import type { PageCall, PageRoute } from './page-route.ts';

interface Shown {
  id: string;
  status: string;
  instance: { hostname: string; sharing: string };
}

/** A developer connects, looks at exactly what would be sent, and ticks. */
export const connectPages: readonly PageRoute[] = [
  {
    method: 'get',
    path: '/connect',
    handler: async ({ deps, form, field }) => ({
      html: connectPage({ form, hostname: field('hostname'), destination: deps.config.DESTINATION_NAME }),
    }),
  },
  {
    method: 'post',
    path: '/connect',
    rate: 'sign_in',
    async handler({ deps, browser, session, field }) {
      const instance = await instanceNamed(deps, field('hostname'));
      const wanted = { purpose: 'connect', sessionId: session?.id ?? null, heldTokenId: null, browser } as const;
      return { goTo: await beginSignIn(deps, { place: 'instance', instance }, { ...wanted, returnTo: '/account' }) };
    },
  },
  {
    method: 'get',
    path: '/connections/:id',
    async handler(call) {
      const { session, form, field } = call;
      if (!session || !actorOf(session))
        return { goTo: `/sign-in?returnTo=/connections/${encodeURIComponent(field('id'))}` };
      const { body } = await operate(call, 'getConnection', { params: { id: field('id') } });
      const { id, status, instance } = body as Shown;
      const look = status === 'connected' || status === 'connecting' ? await lookFirst(call, id) : undefined;
      const operationId = randomUUID();
      return { html: connectionPage({ id, form, hostname: instance.hostname, status, look, operationId }) };
    },
  },
  {
    method: 'post',
    path: '/connections/:id/send',
    async handler(call) {
      const { field } = call;
      const id = field('id');
      if (field('agreed') !== 'yes') throw new DomainError('consent_required');
      if (!isId(field('operationId'))) throw new DomainError('invalid_input');
      const act = { params: { id }, body: { consentVersion: field('consentVersion') } };
      await operate(call, 'startSending', { ...act, operationId: field('operationId') });
      return { goTo: `/connections/${id}` };
    },
  },
];

/** An instance that cannot be read now keeps nobody from seeing their connection. */
async function lookFirst(call: PageCall, id: string): Promise<ConnectionModel['look']> {
  try {
    return (await operate(call, 'previewCounts', { params: { id } })).body as Look;
  } catch (error) {
    const { code, message, retryAt } = refusalOf(error);
    if (code === 'internal') throw error;
    return { failed: `What would be sent cannot be shown now: ${message}`, retryAt };
  }
}
