import { randomUUID } from 'node:crypto';
import { applySharing } from '../../../src/db/sharing.ts';
import { inTransaction } from '../../../src/db/pool.ts';
import { sharingWorkflowId } from '../../../src/workflows/ids.ts';
import { createWorld, eventually, type World } from '../../support/world.ts';
import { holdAction } from '../../support/refuse-inserts.ts';
import type { StateOf } from '../states.ts';
import type { Keeper, Moment } from './keeper.ts';

type Keep = (state: StateOf<'turningOff'>, workflowId: string, moment?: Partial<Moment>) => Promise<void>;

/** Counts come back after a deletion, as if something had written them. */
const writtenAgain = (when: string) => `
  create function write_once_more() returns trigger language plpgsql as $$
  begin
    if ${when} then
      insert into ledger (connection_id, year, counts) select new.cursor_id, 2026, ledger_set(null, array[1], array[1]);
    end if;
    return new;
  end $$;
  create trigger once_more after update on turning_off for each row
    when (new.cursor_id is not null) execute function write_once_more()`;
const ONCE = 'old.connections_done = 0 and old.items_deleted = 0';

/** Less than what one deletion and its timer take. */
const FEW = 10;

export async function recordTurningOff(keeper: Keeper): Promise<void> {
  for (const [record, window] of [
    [once, '12s'],
    [longer, '4s'],
    [continued, '1h'],
  ] as const) {
    const world = await createWorld({ settings: { RESTORE_WINDOW: window } });
    const keep: Keep = (state, workflowId, moment) =>
      keeper.keep(world.client, 'turningOff', state, { workflowId, ...moment });
    try {
      await world.switchOn();
      await world.sending('devi');
      await record(world, keep);
    } finally {
      await world.close();
    }
  }
}

async function once(world: World, keep: Keep): Promise<void> {
  const { client, pool } = world;
  const release = await holdAction(pool, 'sharing.turned_off');
  await pool.query(writtenAgain(ONCE));
  const { sharing } = await world.switchOff();
  const workflowId = sharingWorkflowId(world.instanceId, sharing.generation);
  await keep('deleting-again', workflowId, { holds: 'timerStartedEventAttributes' });
  await keep('deleting', workflowId, { during: 'finishTurningOff' });
  await release();
  await keep('window', workflowId);
  await client.workflow.getHandle(workflowId).result();
  await keep('ended', workflowId);
}

/** PostgreSQL has another end than the run believes. */
async function longer(world: World, keep: Keep): Promise<void> {
  const { pool } = world;
  const { sharing } = await world.switchOff();
  const later = async () =>
    (
      await pool.query(
        `update connection set restore_until = restore_until + interval '1 hour' where cohort_generation is not null`,
      )
    ).rowCount === 1;
  await eventually(later, 'its clock runs');
  const workflowId = sharingWorkflowId(world.instanceId, sharing.generation);
  await keep('window-longer', workflowId, { holds: 'timerFiredEventAttributes' });
}

/** Whatever it deletes comes back, so that its history grows. Code that does not continue goes on in the first run. */
async function continued(world: World, keep: Keep): Promise<void> {
  const { client, config, instanceId, pool } = world;
  await pool.query(writtenAgain('true'));
  const by = { actor: 'test', at: await world.now(), operationId: randomUUID() };
  const settings = { connectGraceMs: config.CONNECT_GRACE, connectLooks: config.CONNECT_LOOKS };
  const off = { type: 'switch', side: 'instance', on: false } as const;
  const { sharing } = await inTransaction(pool, (tx) =>
    applySharing(tx, instanceId, { command: off, ...by, settings }),
  );
  const { generation } = sharing;
  const workflowId = sharingWorkflowId(instanceId, generation);
  const args = [{ instanceId, generation, maxEvents: FEW }];
  const handle = await client.workflow.start('turningOff', { workflowId, taskQueue: config.TASK_QUEUE_PEOPLE, args });
  const runId = handle.firstExecutionRunId;
  await keep('deleting-continues', workflowId, { runId, holds: 'timerFiredEventAttributes' });
  await keep('deleting-continued', workflowId, { holds: 'timerStartedEventAttributes' });
}
