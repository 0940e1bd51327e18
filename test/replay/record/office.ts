import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { DEMO_TOKENS } from '../../../demo/peers/demo-people.ts';
import { DEMO_INSTANCE_HOST_NAME, startGitHubPeer, type GitHubPeer } from '../../../demo/peers/github-peer.ts';
import { insertRequest } from '../../../src/db/access-requests.ts';
import { insertInstance } from '../../../src/db/instances.ts';
import { inTransaction } from '../../../src/db/pool.ts';
import { writeNote } from '../../../src/db/notes.ts';
import { accessRequestStart } from '../../../src/temporal/deliver.ts';
import {
  accessRequestWorkflowId,
  beginUpdate,
  type AccessRequestInput,
  type RequestActBy,
  type RequestAnswer,
} from '../../../src/workflows/access-request.messages.ts';
import { createWorld, type World } from '../../support/world.ts';

/** Where access is requested: each request is about an instance of its own, all the same host to the peers. */
export interface Office {
  world: World;
  github: GitHubPeer;
  /** A new instance of an account with these terms. */
  instance(terms: 'standard' | 'custom'): Promise<void>;
  terms(terms: 'standard' | 'custom'): Promise<void>;
  /** The row and the input of the workflow, as a route makes them. */
  written(extra?: Partial<AccessRequestInput>): Promise<Omit<AccessRequestInput, 'settings'>>;
  /** Resolves with the early answer. */
  begin(input: Omit<AccessRequestInput, 'settings'>): Promise<unknown>;
  /** A request of a new instance under custom terms. */
  logged(extra?: Partial<AccessRequestInput>): Promise<Request>;
  close(): Promise<void>;
}

export interface Request {
  workflowId: string;
  input: Omit<AccessRequestInput, 'settings'>;
  act<Arg extends RequestActBy>(
    update: UpdateDefinition<RequestAnswer, [Arg]>,
    arg: Omit<Arg, keyof RequestActBy>,
  ): Promise<RequestAnswer>;
  noteId(): Promise<string>;
}

export async function createOffice(settings: Record<string, string>): Promise<Office> {
  const github = await startGitHubPeer();
  const world = await createWorld({ settings, githubApiUrl: github.url });
  const { client, config, pool, peer, cipher } = world;
  const place = { instanceId: '', accountId: '' };

  const office: Office = {
    world,
    github,
    async instance(terms) {
      const [instanceId, accountId] = [randomUUID(), randomUUID()];
      Object.assign(place, { instanceId, accountId });
      await pool.query(`update account set slug = id::text`);
      await pool.query(`update instance set hostname = id::text`);
      const owner = cipher.seal(DEMO_TOKENS.enterpriseOwner, accountId);
      await pool.query(
        `insert into account (id, kind, slug, terms, credential_ciphertext, credential_key_id)
         values ($1, 'enterprise', 'acme-inc', $2, $3, $4)`,
        [accountId, terms, owner.ciphertext, owner.keyId],
      );
      await insertInstance(pool, {
        id: instanceId,
        hostname: DEMO_INSTANCE_HOST_NAME,
        kind: 'ghes',
        baseUrl: peer.url,
        accountId,
        allowHttpLoopback: true,
        credential: cipher.seal(DEMO_TOKENS.instanceReader, instanceId),
      });
    },
    async terms(terms) {
      await pool.query('update account set terms = $2 where id = $1', [place.accountId, terms]);
    },
    async written(extra = {}) {
      const { id, createdAt } = peer.people.get('ada');
      const requester = { sourceUserId: id, sourceCreatedAt: createdAt, githubUserId: github.people.get('ada').id };
      const { instanceId } = place;
      const request = { id: randomUUID(), instanceId, requester, actor: 'test', at: await world.now() };
      const row = await inTransaction(pool, (tx) => insertRequest(tx, { ...request, operationId: randomUUID() }));
      return { requestId: row.id, instanceId, requester, askedAt: row.createdAt, ...extra };
    },
    async begin(input) {
      const start = { ...accessRequestStart(config, input), workflowIdConflictPolicy: 'USE_EXISTING' } as const;
      const startWorkflowOperation = new WithStartWorkflowOperation('accessRequest', start);
      return client.workflow.executeUpdateWithStart(beginUpdate, { startWorkflowOperation });
    },
    async logged(extra) {
      await office.instance('custom');
      const input = await office.written(extra);
      await office.begin(input);
      return requestOf(world, input);
    },
    async close() {
      await world.close();
      await github.close();
    },
  };
  return office;
}

function requestOf(world: World, input: Omit<AccessRequestInput, 'settings'>): Request {
  const workflowId = accessRequestWorkflowId(input.requestId);
  return {
    workflowId,
    input,
    async act(update, arg) {
      const by = { operationId: randomUUID(), actor: 'staff:1', asOf: await world.now() };
      return world.client.workflow.getHandle(workflowId).executeUpdate(update, { args: [{ ...by, ...arg } as never] });
    },
    async noteId() {
      const note = { id: randomUUID(), subjectKind: 'request', subjectId: input.requestId } as const;
      await writeNote(world.pool, { ...note, author: 'staff:1', text: 'Noted.', at: await world.now() });
      return note.id;
    },
  };
}
