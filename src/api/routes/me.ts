import { z } from 'zod';
import { myData } from '../../db/my-data.ts';
import { inTransaction } from '../../db/pool.ts';
import { ensureProfile, profileOf, setVisibility, type Profile } from '../../db/profiles.ts';
import { forgetPerson } from '../forget-person.ts';
import { route } from '../route.ts';
import { id, time } from '../schemas.ts';
import { asPerson } from '../source-instance.ts';

const visibility = z.enum(['private', 'public']);
const ownProfile = z
  .object({
    id: id.nullable().meta({ description: 'null until the first connection or choice.' }),
    visibility,
    visibilityAt: time.nullable(),
    json: z.string().nullable(),
    svg: z.string().nullable(),
  })
  .meta({ id: 'OwnProfile' });

const forgotten = z
  .object({
    connections: z.array(z.object({ id, receipts: z.string() })),
    requests: z.array(id).meta({ description: 'Access requests that name nobody any more; open ones are withdrawn.' }),
  })
  .meta({ id: 'Forgotten' });

const tag = 'me';

function show(profile: Profile | undefined) {
  if (!profile) return { id: null, visibility: 'private', visibilityAt: null, json: null, svg: null };
  const json = `/api/v1/profiles/${profile.id}`;
  return { ...profile, json, svg: `${json}.svg` };
}

export const meRoutes = [
  route({
    method: 'get',
    path: '/api/v1/me/data',
    operationId: 'getMyData',
    rate: 'costly',
    tag,
    summary: 'Everything that is held about the caller, table by table',
    action: 'profile.own',
    responses: {
      200: z.object({
        identity: z.object({
          instanceId: id,
          sourceUserId: z.int(),
          sourceCreatedAt: z.string(),
          githubUserId: z.int(),
        }),
        tables: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
      }),
    },
    handler: async ({ deps, actor }) => {
      const person = asPerson(actor);
      const { instanceId, githubUserId, source } = person;
      const tables = await myData(deps.pool, { instanceId, githubUserId, ...source, actor: person.id });
      const identity = { instanceId, sourceUserId: source.userId, sourceCreatedAt: source.createdAt, githubUserId };
      return { status: 200, body: { identity, tables } };
    },
  }),
  route({
    method: 'post',
    path: '/api/v1/me/forget',
    operationId: 'forgetMe',
    rate: 'removal',
    tag,
    summary:
      'Forget the caller: connections at every instance, profile, open requests, notes, tokens and sessions; the one that asks ends with it',
    action: 'profile.own',
    body: z.strictObject({}),
    responses: { 200: forgotten, 202: forgotten },
    handler: async ({ deps, actor, at, operationId }) => {
      const { connections, requests } = await forgetPerson(deps, asPerson(actor), { at, operationId });
      const left = connections.map((one) => ({ id: one, receipts: `/api/v1/receipts/${one}` }));
      const body = { connections: left, requests };
      // Counts are being deleted: the receipts say when that is verified.
      return left[0] ? { status: 202, location: left[0].receipts, body } : { status: 200, body };
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/me/profile',
    operationId: 'getMyProfile',
    tag,
    summary: "The caller's profile: who may see it, and where it is",
    action: 'profile.own',
    responses: { 200: ownProfile },
    handler: async ({ deps, actor }) => ({
      status: 200,
      body: show(await profileOf(deps.pool, asPerson(actor).githubUserId)),
    }),
  }),
  route({
    method: 'put',
    path: '/api/v1/me/profile',
    operationId: 'setMyProfile',
    rate: 'removal',
    tag,
    summary: 'Make the profile public or private',
    action: 'profile.own',
    body: z.strictObject({ visibility }),
    responses: { 200: ownProfile },
    handler: async ({ deps, actor, body, at, operationId }) => {
      const person = asPerson(actor);
      const by = { actor: person.id, at: at.toISOString(), operationId };
      const profile = await inTransaction(deps.pool, async (tx) => {
        const { id: profileId } = await ensureProfile(tx, person.githubUserId);
        return setVisibility(tx, profileId, body.visibility, by);
      });
      return { status: 200, body: show(profile) };
    },
  }),
];
