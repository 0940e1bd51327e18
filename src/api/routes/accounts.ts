import { z } from 'zod';
import { listAccounts, registerAccount, setTerms } from '../../db/accounts.ts';
import { route } from '../route.ts';
import { accountKind, actor, byId, id, secret, terms, time } from '../schemas.ts';

const account = z
  .object({
    id,
    kind: accountKind,
    slug: z.string(),
    terms: terms.nullable().meta({ description: 'null: nobody recorded them, which counts as custom.' }),
    termsSetAt: time.nullable(),
    termsSetBy: actor.nullable(),
    hasCredential: z.boolean(),
  })
  .meta({ id: 'Account' });

const slug = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,62}$/, 'is the short name of the account');
const tag = 'accounts';

export const accountRoutes = [
  route({
    method: 'post',
    path: '/api/v1/accounts',
    operationId: 'registerAccount',
    tag,
    summary: 'Register an organization or enterprise account; for one that is there, replace its credential',
    action: 'account.register',
    body: z.strictObject({ kind: accountKind, slug, credential: secret.optional() }),
    responses: { 201: account },
    handler: async ({ deps, actor: by, body, at, operationId }) => {
      const { kind, slug: name, credential } = body;
      const seal = credential === undefined ? undefined : (boundTo: string) => deps.cipher.seal(credential, boundTo);
      const made = await registerAccount(
        deps.pool,
        { kind, slug: name.toLowerCase(), seal },
        {
          actor: by.id,
          at: at.toISOString(),
          operationId,
        },
      );
      return { status: 201, body: made };
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/accounts',
    operationId: 'listAccounts',
    tag,
    summary: 'The registered accounts',
    action: 'account.list',
    responses: { 200: z.object({ items: z.array(account) }) },
    handler: async ({ deps }) => ({ status: 200, body: { items: await listAccounts(deps.pool) } }),
  }),
  route({
    method: 'put',
    path: '/api/v1/accounts/:id/terms',
    operationId: 'setTerms',
    tag,
    summary: 'Record which terms of service an account has',
    action: 'account.terms',
    params: byId,
    body: z.strictObject({ terms }),
    responses: { 200: account },
    handler: async ({ deps, actor: by, params, body, at, operationId }) => ({
      status: 200,
      body: await setTerms(deps.pool, params.id, body.terms, { actor: by.id, at: at.toISOString(), operationId }),
    }),
  }),
];
