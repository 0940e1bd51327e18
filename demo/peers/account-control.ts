import { z } from 'zod';
import { serverInstallationSchema } from './accounts.ts';
import type { Accounts } from './accounts.ts';
import { json, noContent, notFound } from './answer.ts';
import type { Peer } from './peer.ts';
import type { Route } from './routes.ts';

const membershipSchema = z.strictObject({
  organization: z.string(),
  who: z.string(),
  role: z.enum(['admin', 'member', 'none']),
  state: z.enum(['active', 'pending']).default('active'),
});

const ownerSchema = z.strictObject({ enterprise: z.string(), who: z.string(), owner: z.boolean() });

/** What the control path of GitHub.com has besides people, faults, holds and the log of requests. */
export function accountControl(
  accounts: Accounts,
  siblings: Readonly<Record<string, Pick<Peer, 'goDown' | 'comeUp'>>>,
): Route<undefined>[] {
  return [
    { method: 'GET', path: '/_demo/accounts', handle: () => json(200, accounts.all()) },
    {
      method: 'POST',
      path: '/_demo/memberships',
      handle: ({ json: body }) => {
        const { organization, who, role, state } = membershipSchema.parse(body);
        accounts.setMembership(organization, who, role === 'none' ? null : { role, state });
        return noContent();
      },
    },
    {
      method: 'POST',
      path: '/_demo/owners',
      handle: ({ json: body }) => {
        const { enterprise, who, owner } = ownerSchema.parse(body);
        accounts.setEnterpriseOwner(enterprise, who, owner);
        return noContent();
      },
    },
    {
      method: 'POST',
      path: '/_demo/installations',
      handle: ({ json: body }) => {
        const { enterprise, ...installation } = serverInstallationSchema.extend({ enterprise: z.string() }).parse(body);
        accounts.setInstallation(enterprise, installation);
        return noContent();
      },
    },
    {
      method: 'POST',
      path: '/_demo/peers/:name/:state',
      handle: async (_request, _context, { name = '', state }) => {
        const peer = siblings[name];
        if (peer === undefined || (state !== 'down' && state !== 'up')) return notFound();
        await (state === 'down' ? peer.goDown() : peer.comeUp());
        return noContent();
      },
    },
  ];
}
