import { z } from 'zod';
import { recordAudit, recordedVersion } from '../../db/audit.ts';
import {
  insertInstance,
  listInstances,
  loadInstance,
  recordConnect,
  replaceCredentials,
  setPrivateNetwork,
  type Credentials,
  type InstanceRow,
} from '../../db/instances.ts';
import { inTransaction } from '../../db/pool.ts';
import { assertAddressAllowed } from '../../net/address.ts';
import type { Queryable } from '../../db/pool.ts';
import type { Deps } from '../deps.ts';
import { derivedId } from '../derived-id.ts';
import { refusedValue } from '../problem.ts';
import { instanceFor } from '../source-instance.ts';
import { route } from '../route.ts';
import { accountKind, byId, id, secret, sharingStatus, sourceKind, visible } from '../schemas.ts';

const instance = z
  .object({
    id,
    hostname: z.string(),
    kind: sourceKind,
    baseUrl: z.url(),
    allowHttpLoopback: z.boolean(),
    allowPrivateNetwork: z.boolean(),
    account: z.object({ id, kind: accountKind, slug: z.string() }),
    connect: z
      .enum(['unknown', 'connected', 'disconnected'])
      .meta({ description: 'GitHub Connect, as last read or recorded.' }),
    sharing: sharingStatus,
    hasCredential: z.boolean(),
    hasOauth: z.boolean(),
  })
  .meta({ id: 'Instance' });

const show = (row: InstanceRow) => ({
  id: row.id,
  hostname: row.hostname,
  kind: row.kind,
  baseUrl: row.baseUrl,
  allowHttpLoopback: row.allowHttpLoopback,
  allowPrivateNetwork: row.allowPrivateNetwork,
  account: { id: row.account.id, kind: row.account.kind, slug: row.account.slug },
  connect: row.connect,
  sharing: row.sharing.status,
  hasCredential: row.credential !== undefined,
  hasOauth: row.oauth !== undefined,
});

const credentials = z.strictObject({
  credential: secret.optional(),
  oauth: z.strictObject({ clientId: visible.max(200), clientSecret: secret }).optional(),
});

const PRIVATE_NETWORK = 'HTTPS to private addresses: RFC 1918, carrier-grade NAT, unique local.';

const newInstance = z.strictObject({
  hostname: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i, 'is a host name, with a port if it has one')
    .transform((name) => name.toLowerCase()),
  kind: sourceKind,
  baseUrl: visible
    .max(2000)
    .meta({ format: 'uri', pattern: String.raw`^https?://[\x21-\x7e]+$` })
    .pipe(z.url({ protocol: /^https?$/ }))
    .transform((url) => url.replace(/\/+$/, '')),
  accountId: id,
  allowHttpLoopback: z.boolean().default(false).meta({ description: 'Plain HTTP, to a loopback address alone.' }),
  allowPrivateNetwork: z.boolean().default(false).meta({ description: PRIVATE_NETWORK }),
  ...credentials.shape,
});

const tag = 'instances';

export const instanceRoutes = [
  route({
    method: 'post',
    path: '/api/v1/instances',
    operationId: 'registerInstance',
    tag,
    summary: 'Register an instance, with the credential that reads roles there and the OAuth App that revokes tokens',
    action: 'instance.register',
    body: newInstance,
    responses: { 201: instance },
    errors: ['address_not_allowed', 'value_refused'],
    handler: async ({ deps, actor, body, at, operationId }) => {
      const allowHttpLoopback = body.allowHttpLoopback && deps.config.ALLOW_HTTP_LOOPBACK;
      assertAddressAllowed({ ...body, allowHttpLoopback });
      const instanceId = derivedId(operationId, 'instance');
      const made = await inTransaction(deps.pool, async (tx) => {
        const before = await loadInstance(tx, instanceId);
        if (before) return before;
        await requireNew(tx, body);
        const isNew = await insertInstance(tx, { ...plainOf(body), id: instanceId, ...sealed(deps, instanceId, body) });
        if (!isNew) throw TAKEN();
        await recordAudit(tx, {
          subjectKind: 'instance',
          subjectId: instanceId,
          action: 'instance.registered',
          actor: actor.id,
          at: at.toISOString(),
          operationId,
          detail: { kind: body.kind },
        });
        return (await loadInstance(tx, instanceId))!;
      });
      return { status: 201, location: `/api/v1/instances/${made.id}`, body: show(made) };
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/instances',
    operationId: 'listInstances',
    tag,
    summary: 'The registered instances',
    action: 'instance.list',
    responses: { 200: z.object({ items: z.array(instance) }) },
    handler: async ({ deps }) => ({ status: 200, body: { items: (await listInstances(deps.pool)).map(show) } }),
  }),
  route({
    method: 'get',
    path: '/api/v1/instances/:id',
    operationId: 'getInstance',
    tag,
    summary: 'One instance',
    action: 'instance.read',
    params: byId,
    responses: { 200: instance },
    handler: async ({ deps, actor, params }) => ({
      status: 200,
      body: show(await instanceFor(deps, actor, 'instance.read', params.id)),
    }),
  }),
  route({
    method: 'put',
    path: '/api/v1/instances/:id/connect',
    operationId: 'recordConnect',
    tag,
    summary: 'Record whether GitHub Connect joins the instance to its organization account',
    action: 'instance.register',
    params: byId,
    body: z.strictObject({ connected: z.boolean() }),
    responses: { 200: instance },
    errors: ['value_refused'],
    handler: async ({ deps, actor, params, body, at, operationId }) => {
      const { account } = await instanceFor(deps, actor, 'instance.register', params.id);
      // An enterprise's connection is read at GitHub.com each hour; a record by hand would only hide what is true.
      if (account.kind === 'enterprise')
        throw refusedValue('connected', 'is read at GitHub.com for an enterprise account');
      await inTransaction(deps.pool, async (tx) => {
        if ((await recordedVersion(tx, params.id, operationId)) !== undefined) return;
        await recordConnect(tx, params.id, body.connected, at.toISOString());
        await recordAudit(tx, {
          subjectKind: 'instance',
          subjectId: params.id,
          action: 'instance.connect_recorded',
          actor: actor.id,
          at: at.toISOString(),
          operationId,
          detail: { connected: body.connected },
        });
      });
      return { status: 200, body: show((await loadInstance(deps.pool, params.id))!) };
    },
  }),
  route({
    method: 'put',
    path: '/api/v1/instances/:id/network',
    operationId: 'setNetwork',
    tag,
    summary: "Allow or forbid that the instance is at an address of the operator's own network",
    action: 'instance.register',
    params: byId,
    body: z.strictObject({ allowPrivateNetwork: z.boolean().meta({ description: PRIVATE_NETWORK }) }),
    responses: { 200: instance },
    handler: async ({ deps, actor, params, body, at, operationId }) => {
      await instanceFor(deps, actor, 'instance.register', params.id);
      await inTransaction(deps.pool, async (tx) => {
        if ((await recordedVersion(tx, params.id, operationId)) !== undefined) return;
        await setPrivateNetwork(tx, params.id, body.allowPrivateNetwork);
        await recordAudit(tx, {
          subjectKind: 'instance',
          subjectId: params.id,
          action: 'instance.network_set',
          actor: actor.id,
          at: at.toISOString(),
          operationId,
          detail: { allowPrivateNetwork: body.allowPrivateNetwork },
        });
      });
      return { status: 200, body: show((await loadInstance(deps.pool, params.id))!) };
    },
  }),
  route({
    method: 'put',
    path: '/api/v1/instances/:id/credentials',
    operationId: 'replaceCredentials',
    tag,
    summary: 'Replace the credential that reads roles, or the OAuth App, before they expire or when a key is retired',
    action: 'instance.register',
    params: byId,
    body: credentials
      .refine((given) => given.credential ?? given.oauth, 'needs a credential or an oauth')
      .meta({ minProperties: 1 }),
    responses: { 200: instance },
    handler: async ({ deps, actor, params, body, at, operationId }) => {
      await instanceFor(deps, actor, 'instance.register', params.id);
      await inTransaction(deps.pool, async (tx) => {
        if ((await recordedVersion(tx, params.id, operationId)) !== undefined) return;
        await replaceCredentials(tx, params.id, sealed(deps, params.id, body));
        await recordAudit(tx, {
          subjectKind: 'instance',
          subjectId: params.id,
          action: 'instance.credentials_replaced',
          actor: actor.id,
          at: at.toISOString(),
          operationId,
          detail: { credential: body.credential !== undefined, oauth: body.oauth !== undefined },
        });
      });
      return { status: 200, body: show((await loadInstance(deps.pool, params.id))!) };
    },
  }),
];

type NewInstance = z.output<typeof newInstance>;

const TAKEN = () => refusedValue('hostname', 'is registered already');

function plainOf({ credential: _sealed, oauth: _sealedToo, ...plain }: NewInstance) {
  return plain;
}

/** Secrets are sealed for the instance's own id, so that they open nowhere else. */
function sealed(deps: Deps, instanceId: string, { credential, oauth }: z.output<typeof credentials>): Credentials {
  return {
    ...(credential !== undefined && { credential: deps.cipher.seal(credential, instanceId) }),
    ...(oauth && { oauth: { clientId: oauth.clientId, secret: deps.cipher.seal(oauth.clientSecret, instanceId) } }),
  };
}

async function requireNew(tx: Queryable, { hostname, accountId }: NewInstance): Promise<void> {
  const { rows } = await tx.query<{ account: boolean; taken: boolean }>(
    `select exists (select 1 from account where id = $2) as account,
       exists (select 1 from instance where hostname = $1) as taken`,
    [hostname, accountId],
  );
  if (!rows[0]!.account) throw refusedValue('accountId', 'is not a registered account');
  if (rows[0]!.taken) throw TAKEN();
}
