import { z } from 'zod';
import { writeInstanceNote } from '../../db/act-notes.ts';
import { loadInstance, type InstanceRow } from '../../db/instances.ts';
import { applySharing, type SharingAct } from '../../db/sharing.ts';
import { inTransaction, type Client } from '../../db/pool.ts';
import { loadTurningOff } from '../../db/turning-off.ts';
import type { SharingCommand, Side } from '../../domain/sharing.ts';
import { deliverSoon } from '../deliver.ts';
import type { Deps } from '../deps.ts';
import { derivedId } from '../derived-id.ts';
import { route, type Call } from '../route.ts';
import { actor, byId, id, note, sharingStatus, time } from '../schemas.ts';
import type { Actor } from '../identity.ts';
import { instanceFor, instanceForAdmin } from '../source-instance.ts';

const side = z.object({ enabled: z.boolean(), by: actor.nullable(), at: time.nullable() });
const turningOff = z.object({
  cause: z.string(),
  endsIn: z.enum(['off', 'unavailable']),
  askedAt: time,
  connections: z.int().meta({ description: 'Connections whose counts are deleted so far.' }),
  itemsDeleted: z.int(),
  verifiedAt: time.nullable().meta({ description: 'Set once every count was read back as gone; not done before.' }),
});
const sharing = z
  .object({
    instanceId: id,
    status: sharingStatus,
    instanceSide: side,
    accountSide: side,
    generation: z.int(),
    turningOff: turningOff.nullable().meta({ description: 'How the last turning off stands; null if there was none.' }),
  })
  .meta({ id: 'Sharing' });

const tag = 'sharing';
const PATH = '/api/v1/instances/:id';

async function show(deps: Deps, instance: InstanceRow) {
  const { sharing: now, switches } = instance;
  const off = await loadTurningOff(deps.pool, instance.id, now.generation);
  const toSide = ({ on, by, at }: InstanceRow['switches'][Side]) => ({ enabled: on, by: by ?? null, at: at ?? null });
  return {
    instanceId: instance.id,
    status: now.status,
    instanceSide: toSide(switches.instance),
    accountSide: toSide(switches.account),
    generation: now.generation,
    turningOff: off
      ? {
          cause: off.cause,
          endsIn: off.endsIn,
          askedAt: off.askedAt,
          connections: off.connectionsDone,
          itemsDeleted: off.itemsDeleted,
          verifiedAt: off.verifiedAt,
        }
      : null,
  };
}

type SharingCall = Pick<Call<unknown, unknown, unknown, Actor>, 'deps' | 'actor' | 'at' | 'operationId'>;

/** Fence, audit record and intent in one transaction; the run that deletes is told afterwards. */
async function transition(call: SharingCall, instanceId: string, command: SharingCommand, text?: string) {
  const { deps, actor: by, at, operationId } = call;
  const settings = { connectGraceMs: deps.config.CONNECT_GRACE, connectLooks: deps.config.CONNECT_LOOKS };
  const act: SharingAct = { command, actor: by.id, at: at.toISOString(), operationId, settings };
  const outcome = await inTransaction(deps.pool, async (tx) => {
    const applied = await applySharing(tx, instanceId, act);
    if (applied.changed && text !== undefined) await keepNote(tx, call, instanceId, text);
    return applied;
  });
  const { generation, status } = outcome.sharing;
  if (outcome.turnsOff) {
    deliverSoon(deps, {
      kind: 'turn_off',
      subjectId: instanceId,
      generation,
      operationId: `turn-off/${instanceId}/${generation}`,
    });
  }
  const body = await show(deps, (await loadInstance(deps.pool, instanceId))!);
  if (status !== 'turning_off') return { status: 200, body };
  return { status: 202, location: `/api/v1/instances/${instanceId}/sharing`, body };
}

async function keepNote(tx: Client, { actor: by, at, operationId }: SharingCall, instanceId: string, text: string) {
  const noteId = derivedId(operationId, 'note');
  await writeInstanceNote(tx, { id: noteId, instanceId, author: by.id, text, at: at.toISOString() });
}

function switchRoute(which: Side) {
  return route({
    method: 'put',
    path: `${PATH}/sharing/${which}-side`,
    operationId: which === 'instance' ? 'switchInstanceSide' : 'switchAccountSide',
    rate: 'removal',
    tag,
    summary: `Enable or disable sharing on the ${which}'s side; disabling either side deletes every count`,
    action: 'sharing.switch',
    params: byId,
    body: z.strictObject({ enabled: z.boolean() }),
    responses: { 200: sharing, 202: sharing },
    errors: ['not_site_admin', 'not_account_owner', 'proof_unavailable', 'sharing_unavailable', 'turning_off'],
    handler: async (call) => {
      const { enabled } = call.body;
      await instanceForAdmin(call.deps, call.actor, 'sharing.switch', call.params.id, enabled ? 'now' : 'recent');
      return transition(call, call.params.id, { type: 'switch', side: which, on: enabled });
    },
  });
}

export const sharingRoutes = [
  route({
    method: 'get',
    path: `${PATH}/sharing`,
    operationId: 'getSharing',
    rate: 'costly',
    tag,
    summary: 'Both switches, with who and when, and how far a turning off has come',
    action: 'sharing.read',
    params: byId,
    responses: { 200: sharing },
    errors: ['not_site_admin', 'not_account_owner', 'proof_unavailable'],
    handler: async ({ deps, actor: by, params }) => {
      const instance = await instanceForAdmin(deps, by, 'sharing.read', params.id, 'recent');
      return { status: 200, body: await show(deps, instance) };
    },
  }),
  switchRoute('instance'),
  switchRoute('account'),
  route({
    method: 'post',
    path: `${PATH}/revoke`,
    operationId: 'revokeSharing',
    rate: 'removal',
    tag,
    summary: 'Take access away: every count is deleted and access must be requested anew',
    action: 'sharing.revoke',
    params: byId,
    body: z.strictObject({ note }),
    responses: { 200: sharing, 202: sharing },
    handler: async (call) => {
      await instanceFor(call.deps, call.actor, 'sharing.revoke', call.params.id);
      return transition(call, call.params.id, { type: 'revoke' }, call.body.note);
    },
  }),
];
