import { sharingWorkflowId } from '../../../src/workflows/ids.ts';
import { createWorld } from '../../support/world.ts';
import { holdAction } from '../../support/refuse-inserts.ts';
import type { Keeper } from './keeper.ts';

/** Counts come back once after the first deletion, as if something had written them. */
const WRITTEN_ONCE_MORE = `
  create function write_once_more() returns trigger language plpgsql as $$
  begin
    if old.connections_done = 0 and old.items_deleted = 0 then
      insert into ledger (connection_id, year, counts) select new.cursor_id, 2026, ledger_set(null, array[1], array[1]);
    end if;
    return new;
  end $$;
  create trigger once_more after update on turning_off for each row
    when (new.cursor_id is not null) execute function write_once_more()`;

export async function recordTurningOff(keeper: Keeper): Promise<void> {
  const world = await createWorld({ settings: { RESTORE_WINDOW: '12s' } });
  const { client, pool } = world;
  try {
    await world.switchOn();
    await world.sending('devi');
    const release = await holdAction(pool, 'sharing.turned_off');
    await pool.query(WRITTEN_ONCE_MORE);
    const { sharing } = await world.switchOff();
    const workflowId = sharingWorkflowId(world.instanceId, sharing.generation);
    await keeper.keep(client, 'turningOff', 'deleting-again', { workflowId, holds: 'timerStartedEventAttributes' });
    await keeper.keep(client, 'turningOff', 'deleting', { workflowId, during: 'finishTurningOff' });
    await release();
    await keeper.keep(client, 'turningOff', 'window', { workflowId });
    await client.workflow.getHandle(workflowId).result();
    await keeper.keep(client, 'turningOff', 'ended', { workflowId });
  } finally {
    await world.close();
  }
}
