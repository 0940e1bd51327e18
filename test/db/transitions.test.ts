import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, boolean, constant, constantFrom, nat, oneof, record } from 'fast-check';
import { createActivities } from '../../src/activities/index.ts';
import { setTerms } from '../../src/db/accounts.ts';
import { findRequest, insertRequest } from '../../src/db/access-requests.ts';
import { lapseConnection } from '../../src/db/connection-steps.ts';
import * as db from '../../src/db/index.ts';
import { ensureProfile, setVisibility } from '../../src/db/profiles.ts';
import {
  concludeChecks,
  newRequest,
  type AccessRequest,
  type RequestSettings,
} from '../../src/domain/access-request.ts';
import { stepAct, type RequestAct } from '../../src/domain/access-request-acts.ts';
import { addMs } from '../../src/domain/dates.ts';
import type { Eligibility } from '../../src/domain/eligibility.ts';
import { AT, createDbWorld, WINDOW_MS, type DbWorld } from './db-world.ts';

let database: DbWorld;
beforeAll(async () => {
  database = await createDbWorld();
  await database.pool.query(WATCH);
});
afterAll(() => database.close());

/**
 * Watched from outside, by triggers that know nothing of the product's code: which transaction moved which subject, and
 * which transaction recorded something about it. Watched is what a life cycle means; clocks that a set-wise act starts,
 * numbers of reads and the like are no transitions.
 */
const WATCH = `
  create table seen (kind text, subject uuid, tx xid8 default pg_current_xact_id(), moved boolean, action text);
  create function saw() returns trigger language plpgsql as $$ begin
    insert into seen (kind, subject, moved) values (tg_argv[0], (to_jsonb(new) ->> tg_argv[1])::uuid, true);
    return null;
  end $$;
  create function recorded() returns trigger language plpgsql as $$ begin
    insert into seen (kind, subject, moved, action) values (new.subject_kind, new.subject_id, false, new.action);
    return null;
  end $$;
  create trigger made after insert on connection for each row execute function saw('connection', 'id');
  create trigger moved after update on connection for each row when (
    (old.status, old.causes, old.consent_version, old.generation, old.sharing_generation, old.erased_at) is distinct from
    (new.status, new.causes, new.consent_version, new.generation, new.sharing_generation, new.erased_at))
    execute function saw('connection', 'id');
  create trigger moved after update on instance for each row when (
    (old.sharing_status, old.sharing_generation, old.instance_side, old.account_side) is distinct from
    (new.sharing_status, new.sharing_generation, new.instance_side, new.account_side))
    execute function saw('sharing', 'id');
  create trigger moved after update on turning_off for each row when (old.ends_in <> new.ends_in)
    execute function saw('sharing', 'instance_id');
  create trigger made after insert on access_request for each row execute function saw('request', 'id');
  create trigger moved after update on access_request for each row when (
    (old.status, old.handler, old.information_asked, old.expires_at) is distinct from
    (new.status, new.handler, new.information_asked, new.expires_at)) execute function saw('request', 'id');
  create trigger moved after update on account for each row when (old.terms is distinct from new.terms)
    execute function saw('account', 'id');
  create trigger moved after update on profile for each row when (old.visibility <> new.visibility)
    execute function saw('profile', 'id');
  create trigger recorded after insert on audit for each row execute function recorded();`;

/** A subject that a transaction moved without a record, or of which it recorded what did not happen. */
const ODD = `
  select kind, subject, bool_or(moved) as moved, bool_or(not moved) as recorded, string_agg(action, ', ') as actions from seen
  group by kind, subject, tx having bool_or(moved) <> bool_or(not moved)`;

interface Run {
  world: DbWorld;
  connections: string[];
  requestId: string;
}
/** Named, so that a counterexample can be read. */
interface Step {
  name: string;
  take: (run: Run) => Promise<unknown>;
}
const step = (take: Step['take'], ...name: unknown[]): Step => ({ name: JSON.stringify(name), take });

const by = () => ({ actor: 'test', at: AT, operationId: randomUUID() });
const LATER = addMs(AT, WINDOW_MS);

const connectionSteps = record({
  who: nat(2),
  type: constantFrom(
    'establish',
    'send',
    'opt_out',
    'observe',
    'switched_off',
    'removed',
    'lift',
    'reconnect',
    'restored',
  ),
  cause: constantFrom('suspended', 'gone', 'token_lost'),
}).map(({ who, type, cause }) => {
  const command = { type, cause, causes: [cause], consentVersion: '2' };
  const taken = async ({ world, connections }: Run) => {
    if (type === 'observe') await world.outlives(connections[who]!, cause);
    return world.step(connections[who]!, command);
  };
  return step(taken, type, who, cause);
});
const removals = record({ who: nat(2), kind: constantFrom('opt_out', 'forget') }).map(({ who, kind }) =>
  step(({ world, connections }) => world.remove(kind, connections[who]!), 'accept', kind, who),
);
const takenUp = nat(2).map((who) =>
  step(
    ({ world, connections }) => {
      return world.pool.query('update intent set done_at = asked_at where subject_id = $1', [connections[who]]);
    },
    'take up',
    who,
  ),
);
const lapses = nat(2).map((who) =>
  step(
    ({ world, connections }) => {
      return db.inTransaction(world.pool, (tx) => lapseConnection(tx, connections[who]!, LATER));
    },
    'lapse',
    who,
  ),
);
const sharing = record({
  type: constantFrom('approve', 'switch', 'revoke', 'verified', 'look'),
  side: constantFrom('instance', 'account'),
  on: boolean(),
  connected: boolean(),
  at: constantFrom(AT, LATER),
}).map((command) => step(({ world }) => world.sharing(command), command));
const terms = constantFrom('standard', 'custom').map((value) =>
  step(({ world }) => setTerms(world.pool, world.accountId, value, by()), 'terms', value),
);
const visibility = constantFrom('private', 'public').map((value) =>
  step(async ({ world }) => {
    const { id } = await ensureProfile(world.pool, 1);
    return db.inTransaction(world.pool, (tx) => setVisibility(tx, id, value, by()));
  }, value),
);
const asks = step(async (run) => {
  const { id } = await db.inTransaction(run.world.pool, (tx) =>
    insertRequest(tx, { id: randomUUID(), instanceId: run.world.instanceId, requester: REQUESTER, ...by() }),
  );
  run.requestId = id;
}, 'ask');
const acts = constantFrom(
  'conclude',
  'assign',
  'contact',
  'ask_information',
  'give_information',
  'approve',
  'deny',
  'withdraw',
  'nudge',
).map((type) => step((run) => requestStep(run, type), type));

const REQUESTER = { sourceUserId: 1, sourceCreatedAt: '2020-01-01T00:00:00Z', githubUserId: 1 };

const SETTINGS = { contactDue: { ms: 0 }, expiryMs: WINDOW_MS, nudgeEveryMs: 0 } as unknown as RequestSettings;

// Each act puts the end off, so each must come later than the one before.
let later = 0;

/** What the request's workflow decides, written by its own activity. */
async function requestStep({ world, requestId }: Run, type: 'conclude' | RequestAct['type']): Promise<void> {
  const row = (await findRequest(world.pool, requestId))!;
  if ((type === 'conclude') !== (row.status === 'checking')) return;
  const request: AccessRequest = { ...newRequest(REQUESTER, AT), ...row };
  const act = { type, staff: randomUUID(), noteId: randomUUID(), decider: { actor: 'test' } } as unknown as RequestAct;
  const at = addMs(AT, (later += 1));
  const eligible: Eligibility = { reachable: true, failed: [], terms: 'custom', accountKind: 'organization' };
  const { next, action } =
    type === 'conclude'
      ? concludeChecks(request, eligible, at, SETTINGS)
      : stepAct(request, act, at, SETTINGS, eligible);
  if (action === undefined) return;
  const commit = {
    requestId: row.id,
    from: row.status,
    fromVersion: row.version,
    next,
    action,
    notices: [],
    noteId: null,
    ...by(),
  };
  await createActivities({ pool: world.pool, db, settings: {} } as never).commitRequestStep(commit);
}

const anyStep = oneof(
  { weight: 4, arbitrary: connectionSteps },
  { weight: 1, arbitrary: sharing },
  { weight: 4, arbitrary: acts },
  removals,
  takenUp,
  lapses,
  terms,
  visibility,
  constant(asks),
);

async function newRun(): Promise<Run> {
  const world = await database.elsewhere();
  const run: Run = {
    world,
    connections: [await world.connect(), await world.sending(), await world.sending()],
    requestId: '',
  };
  for (const type of ['opt_out', 'removed'] as const) await world.step(run.connections[2]!, { type });
  await asks.take(run);
  return run;
}

test('whatever happens in whatever order, each transition has its record in its own transaction, and each record its transition', async () => {
  await assert(
    asyncProperty(array(anyStep, { minLength: 15, maxLength: 30 }), async (steps) => {
      const run = await newRun();
      for (const { take } of steps) await take(run).catch(asRefusal);
      expect((await run.world.pool.query(ODD)).rows).toEqual([]);
    }),
    { seed: 20270302, numRuns: 60 },
  );
  // It would prove little of what never happened.
  const { rows } = await database.pool.query<{ action: string }>('select distinct action from audit');
  expect(HAPPENED.filter((action) => !rows.some((row) => row.action === action))).toEqual([]);
});

const HAPPENED = [
  'established',
  'sending_started',
  'opt_out_accepted',
  'forget_accepted',
  'removal_started',
  'removal_observed',
  'cause_added',
  'cause_lifted',
  'counts_deleted',
  'switched_off',
  'reconnected',
  'restored',
  'lapsed',
]
  .map((verb) => `connection.${verb}`)
  .concat(
    ['paused', 'resumed', 'revoked', 'turned_off', 'instance_side_disabled', 'account_side_enabled'].map(
      (verb) => `sharing.${verb}`,
    ),
    ['made', 'logged', 'assigned', 'contacted', 'information_asked', 'approved', 'denied', 'withdrawn'].map(
      (verb) => `request.${verb}`,
    ),
    ['account.terms_set', 'profile.made_public', 'profile.made_private'],
  );

function asRefusal(error: unknown): void {
  const { name } = error as Error;
  if (name !== 'DomainError' && name !== 'ApplicationFailure') throw error;
}
