import { acceptRemoval } from '../../../src/db/connection-steps.ts';
import { eraseLinks } from '../../../src/db/erase-links.ts';
import { inTransaction } from '../../../src/db/pool.ts';
import { stateQuery } from '../../../src/workflows/connection.messages.ts';
import { connectionWorkflowId } from '../../../src/workflows/ids.ts';
import { held, waits } from '../../db/held.ts';
import { eventually } from '../../support/eventually.ts';
import { holdAction } from '../../support/refuse-inserts.ts';
import type { Developer, World } from '../../support/world.ts';
import { acceptMoveOf, sight, type KeepConnection } from './connection-scenes.ts';

const isDone = (world: World, { id }: Developer) =>
  eventually(
    async () =>
      (await world.pool.query('select 1 from intent where subject_id = $1 and done_at is null', [id])).rowCount === 0,
    'the act is done',
  );

/** Acts that change nothing more when their turn comes: they are closed, and nothing else. */
export async function closed(world: World, keep: KeepConnection): Promise<void> {
  const { pool } = world;
  const devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  await devi.optOut();
  await isDone(world, devi);
  await keep('restorable-opted_out-again', devi, { goOn: () => devi.wake() });

  const emil = await world.sending('emil');
  await emil.optOut();
  await emil.until('restorable');
  await acceptMoveOf(world, emil);
  await inTransaction(pool, async (tx) => eraseLinks(tx, [emil.id], await world.now()));
  await emil.wake();
  await isDone(world, emil);
  await keep('ended-before_move', emil);

  const goran = await world.sending('goran');
  await goran.optOut();
  await goran.until('restorable');
  await pool.query(`update connection set restore_until = now() - interval '1 second' where id = $1`, [goran.id]);
  const forget = await held(pool, async (tx) => {
    const by = { operationId: 'forget-at-the-end', actor: 'test', asOf: await world.now() };
    const window = { restoreWindowMs: world.config.RESTORE_WINDOW };
    return acceptRemoval(tx, { connectionId: goran.id, kind: 'forget', ...by, ...window });
  });
  await goran.wake();
  await waits(pool, 'test');
  await forget.commit();
  await goran.until('ended');
  await world.client.workflow.getHandle(connectionWorkflowId(goran.id)).result();
  await goran.wake();
  await isDone(world, goran);
  await keep('ended-before_forget', goran);
}

/** What a removal or the end of a window meets when PostgreSQL says something else than a moment before. */
export async function contradicted(world: World, keep: KeepConnection): Promise<void> {
  const { pool } = world;
  const devi = await world.sending('devi');
  await pool.query(WRITTEN_ONCE_MORE);
  await devi.optOut();
  await devi.until('restorable');
  await keep('restorable-deleted_again', devi);
  await pool.query('drop trigger once_more on removal');

  const emil = await world.sending('emil');
  const release = await holdAction(pool, 'connection.counts_deleted');
  await emil.optOut();
  const workflow = world.client.workflow.getHandle(connectionWorkflowId(emil.id));
  await eventually(
    async () => (await workflow.query(stateQuery))?.status === 'removing',
    'it knows that it is removing',
  );
  await emil.reconnect().catch(() => undefined);
  await keep('removing-refused', emil, { during: 'verifyConnectionRemoval', holds: 'timerFiredEventAttributes' });
  await release();

  const goran = await world.sending('goran');
  await goran.optOut();
  await goran.until('restorable');
  await pool.query(`update connection set restore_until = now() - interval '1 second' where id = $1`, [goran.id]);
  const longer = await held(pool, (tx) =>
    tx.query(`update connection set restore_until = now() + interval '1 day' where id = $1`, [goran.id]),
  );
  await goran.wake();
  await waits(pool, 'test');
  await longer.commit();
  await keep('restorable-longer', goran, { holds: 'timerFiredEventAttributes' });
}

/** Counts come back once after a connection's first deletion, as if something had written them. */
const WRITTEN_ONCE_MORE = `
  create function write_once_more() returns trigger language plpgsql as $$
  begin
    insert into ledger (connection_id, year, counts) select new.connection_id, 2026, ledger_set(null, array[1], array[1]);
    return new;
  end $$;
  create trigger once_more after insert on removal for each row execute function write_once_more()`;

/** The instance is paused while somebody comes back, or moves. */
export async function paused(world: World, keep: KeepConnection): Promise<void> {
  const { pool, peer } = world;
  const look = async (connected: boolean) => world.sharing({ type: 'look', connected, at: await world.now() });
  const devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  const hold = peer.faults.hold({ who: 'devi' });
  await devi.reconnect();
  await hold.waiting();
  await look(false);
  await devi.wake();
  await keep('restoring-paused', devi, { during: 'readConnectionNow', holds: 'timerStartedEventAttributes' });
  hold.release();
  await look(true);

  const emil = await world.sending('emil');
  const release = await holdAction(pool, 'connection.moved');
  await acceptMoveOf(world, emil);
  await emil.wake();
  await emil.until('removing');
  await look(false);
  await release();
  await emil.until('restorable');
  await keep('restorable-moved', emil, { goOn: () => emil.wake() });
  await look(true);

  const goran = await world.sending('goran');
  await goran.optOut();
  await goran.until('restorable');
  await acceptMoveOf(world, goran);
  await goran.wake();
  await isDone(world, goran);
  await keep('restorable-opted_out-moved', goran, { goOn: () => goran.wake() });
}

/** Causes that lift, that stay, that turn out to be another, and that are joined by an opt-out. */
export async function causes(world: World, keep: KeepConnection): Promise<void> {
  const { peer } = world;
  const lost = async (key: string) => {
    const developer = await world.sending(key);
    peer.faults.add({ kind: 'unauthorized' }, { who: key });
    await sight(world, developer, 'token_lost');
    await developer.until('restorable');
    return developer;
  };
  const devi = await lost('devi');
  await devi.reconnect().catch(() => undefined);
  await keep('restorable-token_lost-still', devi, { goOn: () => devi.wake() });
  peer.faults.clear();
  await devi.reconnect();
  await devi.until('sending');
  await keep('sending-lifted', devi);

  const emil = await lost('emil');
  await emil.optOut();
  await isDone(world, emil);
  await keep('restorable-token_lost-opted_out', emil, { goOn: () => emil.wake() });
  peer.faults.clear();

  const farah = await world.sending('farah');
  peer.faults.add({ kind: 'suspended' }, { who: 'farah' });
  await sight(world, farah, 'token_lost');
  await keep('sending-seen_otherwise', farah, {
    holds: 'workflowExecutionSignaledEventAttributes',
    goOn: () => farah.wake(),
  });
}

/** A run that is long, with a read that nobody waits for any more: it goes on until a turn after that read. */
export async function readLeft(world: World, keep: KeepConnection): Promise<void> {
  const devi = await world.connect('devi', 30);
  await devi.until('connected');
  await devi.send();
  await eventually(async () => (await devi.counts()).length > 0, 'the first counts');
  const hold = world.peer.faults.hold({ who: 'devi' });
  const updating = devi.updateNow();
  await hold.waiting();
  const { runId } = await world.client.workflow.getHandle(connectionWorkflowId(devi.id)).describe();
  await devi.optOut();
  await updating;
  await devi.until('restorable');
  await keep('restorable-opted_out-read_left', devi, { runId, during: 'readConnectionNow' });
  hold.release();
}
