import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { orphanOf } from '../db/access-requests.ts';
import { recordAudit, type AuditSubject } from '../db/audit.ts';
import { closeUndeliverable } from '../db/intents.ts';
import { inTransaction } from '../db/pool.ts';
import { REPAIRS } from '../domain/poison.ts';
import { deliverIntent, startOrphan, unlessStarted, wakeConnection } from '../temporal/deliver.ts';
import type { Finding, RepairDeps } from './finding.ts';
import { sendAgain, waitingActs } from './waiting-acts.ts';

/**
 * Repairs what was found. PostgreSQL's truth is taken: a workflow that has to be is ended, with the reason, and one is
 * started anew from the row, which holds all that it needs but the acts that it had accepted and not ended: those are sent
 * again, and the record names them. It is recorded before it is done, and done twice it is done once. @param sendsAgain false
 * where the workflow is an older one than its row: what it had accepted is over. @returns whether a repair exists
 */
export async function mend(
  deps: RepairDeps,
  finding: Finding,
  actor: string,
  { sendsAgain = true } = {},
): Promise<boolean> {
  const repair = REPAIRS[finding.poison];
  if (repair === null) return false;
  const waiting = repair === 'restart' && sendsAgain ? await waitingActs(deps.client, finding.workflowId!) : [];
  const detail = { ...detailOf(finding), ...(waiting.length > 0 && { waiting: waiting.map((act) => act.updateId) }) };
  await inTransaction(deps.pool, async (tx) => {
    await recordAudit(tx, { ...subjectOf(finding), actor, at: deps.clock().toISOString(), detail });
    if (repair === 'close') await closeUndeliverable(tx, finding.subject.id, deps.clock().toISOString());
  });
  if (repair === 'restart' || repair === 'end')
    await endWorkflow(deps.client, finding.workflowId!, `repaired: ${finding.poison}`);
  if (repair === 'restart' || repair === 'start') await startFromRow(deps, finding);
  if (waiting.length > 0) await sendAgain(deps.client, finding.workflowId!, waiting);
  return true;
}

function detailOf({ poison, workflowId, facts }: Finding): Record<string, unknown> {
  return { poison, repair: REPAIRS[poison], ...(workflowId !== null && { workflowId }), ...facts };
}

/** Whom the record is about. Of the sync, a record of its own: no instance has changed. */
function subjectOf({ subject, facts }: Finding): { subjectKind: AuditSubject; subjectId: string; action: string } {
  const { kind, id } = subject;
  if (kind === 'connection' || kind === 'request')
    return { subjectKind: kind, subjectId: id, action: `${kind}.repaired` };
  if (kind === 'sharing') return { subjectKind: kind, subjectId: id.split('/')[0]!, action: 'sharing.repaired' };
  if (kind === 'sync') return { subjectKind: kind, subjectId: randomUUID(), action: 'sync.repaired' };
  const isSharing = facts['act'] === 'turn_off';
  const of = String(facts['of']);
  return {
    subjectKind: isSharing ? 'sharing' : 'connection',
    subjectId: of,
    action: isSharing ? 'sharing.repaired' : 'connection.repaired',
  };
}

/** @returns whether it still ran */
export async function endWorkflow(client: Client, workflowId: string, why: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).terminate(why);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function startFromRow({ client, pool, config }: RepairDeps, { subject }: Finding): Promise<void> {
  const { kind, id } = subject;
  if (kind === 'connection') return wakeConnection(client, id, config.TASK_QUEUE_PEOPLE);
  if (kind === 'request') {
    const orphan = await orphanOf(pool, id);
    if (orphan) await startOrphan(client, config, orphan).catch(unlessStarted);
  }
  if (kind === 'sharing') {
    const [subjectId, generation] = id.split('/') as [string, string];
    await deliverIntent(
      client,
      { kind: 'turn_off', subjectId, generation: Number(generation) },
      config.TASK_QUEUE_PEOPLE,
    );
  }
  // What the sync left the next hour reads.
}
