import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { startSweepers } from '../../src/sweepers/sweepers.ts';
import { connectionWorkflowId } from '../../src/workflows/ids.ts';
import { SEALING } from '../support/audit-seal.ts';
import { manySending, runSync } from '../support/many-sending.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

let world: World;
let stopSweepers: () => Promise<void>;

beforeEach(async () => {
  world = await createWorld({
    settings: { GRACE_TOKEN: '0ms', GRACE_OBSERVED: '0ms', GRACE_SIGHTINGS: '2', SWEEP_EVERY: '20ms' },
  });
  await world.switchOn();
  const { pool, client, config, sources, github, cipher } = world;
  stopSweepers = startSweepers({
    pool,
    client,
    config,
    sources,
    github,
    cipher,
    audit: SEALING,
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
  });
});
afterEach(async () => {
  await stopSweepers();
  await world.close();
});

const sync = () => runSync(world);

const causes = async (developer: Developer) =>
  (await world.pool.query('select causes from connection where id = $1', [developer.id])).rows[0].causes;

describe('a token that the instance no longer accepts', () => {
  test('erases nothing the first time, and all once it has outlived its grace', async () => {
    const devi = await world.sending('devi');
    const before = await devi.counts();
    world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi' });
    await sync();
    expect([await devi.status(), await devi.counts()]).toEqual(['sending', before]);
    await sync();
    await devi.until('restorable');
    expect([await causes(devi), await devi.counts()]).toEqual([['token_lost'], []]);
  });

  test('erases nothing while the instance cannot be asked again, and all once it says so again', async () => {
    const devi = await world.sending('devi');
    const before = await devi.counts();
    const refused = { kind: 'unauthorized' } as const;
    world.peer.faults.add(refused, { who: 'devi', times: 1 });
    await sync();
    // It was seen once more, and just as the grace ends the instance goes into maintenance.
    world.peer.faults.add({ kind: 'maintenance' }, { who: 'devi' });
    await world.pool.query(`update sighting set times = 2, woken_at = null`);
    const woken = async () => (await world.pool.query('select woken_at from sighting')).rows[0]?.woken_at !== null;
    await eventually(woken, 'it is woken');
    // An act is settled after the turn that the wake-up began.
    expect(await devi.updateNow()).toEqual({ outcome: 'failed', failure: 'maintenance' });
    expect([await devi.status(), await devi.counts()]).toEqual(['sending', before]);
    world.peer.faults.clear();
    world.peer.faults.add(refused, { who: 'devi' });
    await sync();
    await devi.until('restorable');
    expect(await devi.counts()).toEqual([]);
  });

  test('erases nothing by an act in mid-outage: only a whole run tells it from the instance’s own trouble', async () => {
    const devi = await world.sending('devi');
    const before = await devi.counts();
    await stopSweepers();
    world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi' });
    await sync();
    expect(await devi.updateNow()).toEqual({ outcome: 'failed', failure: 'token_revoked' });
    // Ticked again, it looks anew, and changes nothing.
    expect(await devi.send()).toMatchObject({ status: 'sending' });
    expect(await world.pool.query('select times, woken_at from sighting')).toMatchObject({
      rows: [{ times: 2, woken_at: null }],
    });
    expect([await devi.status(), await devi.counts()]).toEqual(['sending', before]);
  });

  test('that works again within the grace leaves all as it was', async () => {
    const devi = await world.sending('devi');
    world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi', times: 1 });
    await sync();
    expect((await world.pool.query('select cause from sighting')).rows).toEqual([{ cause: 'token_lost' }]);
    await sync();
    expect((await world.pool.query('select cause from sighting')).rows).toEqual([]);
    expect([await devi.status(), await causes(devi)]).toEqual(['sending', []]);
  });

  test('keeps the developer from coming back until it works again', async () => {
    const devi = await world.sending('devi');
    world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi' });
    await sync();
    await sync();
    await devi.until('restorable');
    const refused = await devi.reconnect().catch((error: { cause: { type: string } }) => error.cause.type);
    expect(refused).toBe('cause_remains');
    world.peer.faults.clear();
    expect(await devi.reconnect()).toMatchObject({ status: 'restoring' });
    await devi.until('sending');
    expect(await causes(devi)).toEqual([]);
  });
});

test('whoever was seen before is not deleted for the instance’s fault either', async () => {
  const developers = await manySending(world);
  world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi', times: 1 });
  await sync();
  await world.pool.query(
    `update sighting set first_at = first_at - interval '8 days', last_at = last_at - interval '8 days'`,
  );
  world.peer.faults.add({ kind: 'unauthorized' });
  await sync();
  expect((await world.pool.query('select 1 from sighting')).rowCount).toBe(0);
  // An act is settled after a look at what was seen.
  expect(await developers[0]!.updateNow()).toEqual({ outcome: 'failed', failure: 'token_revoked' });
  expect(await Promise.all(developers.map((one) => one.status()))).toEqual(developers.map(() => 'sending'));
});

test('when many turn at once it is the instance’s fault: nothing is deleted and the operator is told', async () => {
  const developers = await manySending(world);
  world.peer.faults.add({ kind: 'unauthorized' });
  await sync();
  await sync();
  await sync();
  expect(await Promise.all(developers.map((one) => one.status()))).toEqual(developers.map(() => 'sending'));
  expect((await world.pool.query(`select event from outbox where address = 'operator'`)).rows).toEqual([
    { event: 'instance.many_turned' },
  ]);
  world.peer.faults.clear();
  await sync();
  expect((await world.pool.query('select 1 from sync_failure')).rowCount).toBe(0);
});

test('a link that has ended has its token revoked at the instance', async () => {
  const devi = await world.sending('devi');
  const { application } = world.peer;
  const secret = world.cipher.seal(application.clientSecret, world.instanceId);
  await world.pool.query(
    'update instance set oauth_client_id = $1, oauth_secret_ciphertext = $2, oauth_secret_key_id = $3',
    [application.clientId, secret.ciphertext, secret.keyId],
  );
  await devi.forget();
  const outcome = async () => (await world.pool.query('select outcome, ciphertext from token_revocation')).rows[0];
  await eventually(async () => (await outcome())?.outcome !== null, 'the revocation');
  expect(await outcome()).toEqual({ outcome: 'revoked', ciphertext: null });
  expect(world.peer.people.byToken('gho_demo_instance_devi')).toBeUndefined();
});

test('an accepted opt-out that nobody delivered is taken up by the sweeper', async () => {
  const devi = await world.sending('devi');
  await devi.acceptOptOut();
  await devi.until('restorable');
  expect(await devi.counts()).toEqual([]);
});

test('a link whose window has passed is erased even if its workflow was lost', async () => {
  const devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  await world.client.workflow.getHandle(connectionWorkflowId(devi.id)).terminate('lost');
  await world.pool.query(`update connection set restore_until = now() - interval '1 hour'`);
  await devi.until('ended');
  expect((await world.pool.query('select 1 from connection_person')).rowCount).toBe(0);
});

test('an operator finds in Temporal where a connection stands and when its window ends', async () => {
  const devi = await world.sending('devi');
  const handle = world.client.workflow.getHandle(connectionWorkflowId(devi.id));
  const seen = async () => {
    const { searchAttributes } = await handle.describe();
    return { status: searchAttributes['UcStatus'], instance: searchAttributes['UcInstance'] };
  };
  await eventually(async () => (await seen()).status?.[0] === 'sending', 'it shows');
  expect((await seen()).instance).toEqual([world.instanceId]);
  await devi.optOut();
  await devi.until('restorable');
  await eventually(async () => (await seen()).status?.[0] === 'restorable', 'it shows');
  const { searchAttributes } = await handle.describe();
  const { rows } = await world.pool.query('select restore_until from connection');
  expect(searchAttributes['UcDueAt']).toEqual([rows[0].restore_until]);
});
