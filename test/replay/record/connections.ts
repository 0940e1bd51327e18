import { connectionWorkflowId } from '../../../src/workflows/ids.ts';
import { createWorld, eventually, type Developer, type World } from '../../support/world.ts';
import type { StateOf } from '../states.ts';
import { holdAction } from '../../support/refuse-inserts.ts';
import { acceptMoveOf, sight, type KeepConnection } from './connection-scenes.ts';
import type { Keeper } from './keeper.ts';
import { causes, closed, contradicted, paused, readLeft } from './odd-endings.ts';

/** A look and nothing else: whatever a run does more makes it continue as new. */
const A_LOOK = 10;

/** Each part has a world of its own, since some hold what others need. */
export async function recordConnections(keeper: Keeper): Promise<void> {
  const parts: [(world: World, keep: KeepConnection) => Promise<void>, Record<string, string>?][] = [
    [beginning],
    [sending],
    [removing],
    [restoring],
    [observed, { GRACE_TOKEN: '0ms', GRACE_OBSERVED: '0ms', GRACE_SIGHTINGS: '1' }],
    [ending, { RESTORE_WINDOW: '4s' }],
    [continued],
    [closed],
    [contradicted],
    [paused],
    [readLeft],
    [causes, { GRACE_TOKEN: '0ms', GRACE_OBSERVED: '0ms', GRACE_SIGHTINGS: '1' }],
  ];
  for (const [record, settings] of parts) {
    const world = await createWorld({ ...(settings && { settings }) });
    const keep: KeepConnection = (state, { id }, moment) =>
      keeper.keep(world.client, 'connection', state, { workflowId: connectionWorkflowId(id), ...moment });
    try {
      await world.switchOn();
      await record(world, keep);
    } finally {
      world.peer.faults.clear();
      await world.close();
    }
  }
}

async function beginning(world: World, keep: KeepConnection): Promise<void> {
  const release = await holdAction(world.pool, 'connection.established');
  const devi = await world.connect('devi');
  await keep('connecting', devi, { during: 'commitConnectionStep' });
  await release();
  await keep('connected', devi);
  await devi.reconnect().catch(() => undefined);
  await keep('connected-refused', devi);
}

async function sending(world: World, keep: KeepConnection): Promise<void> {
  const devi = await world.sending('devi');
  await keep('sending', devi);
  await devi.updateNow();
  await keep('sending-updated', devi);
  const emil = await world.sending('emil');
  world.peer.faults.add({ kind: 'maintenance' }, { who: 'emil' });
  await emil.updateNow();
  await keep('sending-update_failed', emil);
  const goran = await world.sending('goran');
  const hold = world.peer.faults.hold({ who: 'goran' });
  const updating = goran.updateNow();
  await hold.waiting();
  await keep('sending-reading', goran, { during: 'readConnectionNow' });
  await goran.optOut();
  await updating;
  await keep('restorable-opted_out-while_reading', goran, { during: 'readConnectionNow' });
  hold.release();
  const farah = await world.sending('farah');
  const release = await holdAction(world.pool, 'connection.moved');
  await acceptMoveOf(world, farah);
  await farah.wake();
  await keep('removing-move', farah, { during: 'verifyConnectionRemoval' });
  await release();
  await farah.until('sending');
  await keep('sending-moved', farah);
}

async function removing(world: World, keep: KeepConnection): Promise<void> {
  const { pool } = world;
  const devi = await world.sending('devi');
  const release = await holdAction(pool, 'connection.counts_deleted');
  await devi.optOut();
  await keep('removing', devi, { during: 'verifyConnectionRemoval' });
  await release();
  await keep('restorable-opted_out', devi);
  const emil = await world.sending('emil');
  await pool.query(RAISED_ONCE);
  await emil.optOut();
  await keep('removing-fence_moved', emil, { holds: 'timerStartedEventAttributes' });
  const goran = await world.sending('goran');
  await world.switchOff();
  await eventually(
    async () => (await pool.query(`select 1 from instance where sharing_status = 'off'`)).rowCount === 1,
    'sharing is off',
  );
  await goran.wake();
  await goran.until('restorable');
  await keep('restorable-switched_off', goran);
}

/** As if another removal were accepted between a step of a removal and the next one. */
const RAISED_ONCE = `
  create function raise_generation() returns trigger language plpgsql as $$
  begin update connection set generation = generation + 1 where id = new.id; return null; end $$;
  create trigger raised after update of status on connection for each row
    when (old.status = 'sending' and new.status = 'removing') execute function raise_generation()`;

async function restoring(world: World, keep: KeepConnection): Promise<void> {
  const devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  const hold = world.peer.faults.hold({ who: 'devi' });
  await devi.reconnect();
  await hold.waiting();
  await keep('restoring', devi, { during: 'readConnectionNow' });
  hold.release();
  await devi.until('sending');
  await keep('sending-restored', devi);
  await devi.optOut();
  await devi.until('restorable');
  world.peer.faults.add({ kind: 'maintenance' }, { who: 'devi' });
  await devi.reconnect();
  await keep('restoring-waits', devi);
}

async function observed(world: World, keep: KeepConnection): Promise<void> {
  const { peer } = world;
  const devi = await world.sending('devi');
  await sight(world, devi, 'token_lost');
  await keep('sending-seen_again', devi, {
    holds: 'workflowExecutionSignaledEventAttributes',
    goOn: () => devi.wake(),
  });
  const seen = [
    ['emil', 'token_lost', { kind: 'unauthorized' }],
    ['farah', 'suspended', { kind: 'suspended' }],
    ['goran', 'gone', { kind: 'reused-id' }],
  ] as const;
  for (const [key, cause, fault] of seen) {
    const developer = await world.sending(key);
    peer.faults.add(fault, { who: key });
    await sight(world, developer, cause);
    await developer.until('restorable');
    await keep(`restorable-${cause}`, developer);
  }
}

async function ending(world: World, keep: KeepConnection): Promise<void> {
  const devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('ended');
  await keep('ended-lapsed', devi);
  const emil = await world.sending('emil');
  await emil.forget();
  await emil.until('ended');
  await keep('ended-forgotten', emil);
  const goran = await world.sending('goran');
  await world.switchOff();
  const erased = async () =>
    (await world.pool.query('select 1 from connection where id = $1 and erased_at is not null', [goran.id]))
      .rowCount === 1;
  await eventually(erased, 'the cohort is erased', 30_000);
  await goran.wake();
  await goran.until('ended');
  await keep('ended-with_cohort', goran);
}

async function continued(world: World, keep: KeepConnection): Promise<void> {
  const { client, peer } = world;
  const runOf = async ({ id }: Developer) =>
    (await client.workflow.getHandle(connectionWorkflowId(id)).describe()).runId;
  const devi = await world.connect('devi', A_LOOK);
  await devi.until('connected');
  const keepNext = async (state: StateOf<'connection'>, last: string) => {
    await eventually(async () => (await runOf(devi)) !== last, `continued: ${state}`);
    await keep(state, devi);
    return runOf(devi);
  };
  const first = (await client.workflow.getHandle(connectionWorkflowId(devi.id)).fetchHistory()).events![0]!;
  let run = await keepNext('connected-continued', first.workflowExecutionStartedEventAttributes!.firstExecutionRunId!);
  await devi.send();
  const sent = run;
  run = await keepNext('sending-continued', run);
  await keep('sending-continues', devi, { runId: sent });
  await devi.optOut();
  await devi.until('restorable');
  run = await keepNext('restorable-continued', run);
  peer.faults.add({ kind: 'maintenance' }, { who: 'devi' });
  await devi.reconnect();
  await keepNext('restoring-continued', run);
}
