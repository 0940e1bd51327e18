import { orphanOf } from '../db/access-requests.ts';
import { openRequests } from '../db/poison-rows.ts';
import { accessRequestWorkflowId } from '../workflows/access-request.messages.ts';
import { flowOf } from './flow.ts';
import { examineConnections, examineRequests, examineTurningOffs, type Page } from './examine.ts';
import type { Finding, Limits, RepairDeps } from './finding.ts';
import { endWorkflow, mend } from './mend.ts';
import { knownVersion } from './request-version.ts';
import { examineStrays, runningOn } from './strays.ts';

export interface Reconciled {
  examined: number;
  /** Rows whose workflow was not there. */
  started: number;
  /** Workflows that said another thing than their row, begun anew from it. */
  restarted: number;
  /** Workflows that no open row stands for. */
  ended: number;
  /** Parts of the sync that were under way: the next hour reads all that they would have. */
  syncsEnded: number;
}

/** No worker runs, so nothing is on its way. */
const AT_REST: Limits = { attempts: Infinity, settleMs: 0 };
const SIZE = 200;

/**
 * Puts workflows and rows together again after one of the two stores was restored, in both directions. PostgreSQL's truth
 * is taken. Safe to repeat.
 */
export async function reconcile(deps: RepairDeps, actor: string): Promise<Reconciled> {
  const done: Reconciled = { examined: 0, started: 0, restarted: 0, ended: 0, syncsEnded: 0 };
  const mendAll = async ({ findings, examined }: Page) => {
    done.examined += examined;
    for (const finding of findings) {
      await mend(deps, finding, actor, { sendsAgain: false });
      if (finding.poison === 'workflow_missing') done.started += 1;
      else if (finding.poison === 'workflow_without_row') done.ended += 1;
      else done.restarted += 1;
    }
  };
  done.syncsEnded = await endSyncs(deps);
  await inPages(mendAll, (after) => examineStrays(deps, after, SIZE));
  await mendAll(await examineTurningOffs(deps, AT_REST));
  await mendAll(await examineRequests(deps, AT_REST));
  await mendAll({ findings: await requestsOfAnotherVersion(deps), examined: 0, next: null });
  await inPages(mendAll, (after) => examineConnections(deps, AT_REST, after, SIZE));
  return done;
}

async function inPages(mendAll: (page: Page) => Promise<void>, examine: (after: string | null) => Promise<Page>) {
  for (let after: string | null = null; ;) {
    const page = await examine(after);
    await mendAll(page);
    if (page.next === null) return;
    after = page.next;
  }
}

/** Requests that stand at the same status, and yet at another act: one that was told, nudged or reminded since. */
async function requestsOfAnotherVersion({ client, pool }: RepairDeps): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { id, status } of await openRequests(pool, 0)) {
    const row = await orphanOf(pool, id);
    const workflowId = accessRequestWorkflowId(id);
    if (!row?.standing || !(await flowOf(client, workflowId, Infinity))?.running) continue;
    const known = await knownVersion(client, workflowId);
    if (known === row.standing.version) continue;
    const facts = { row: status, version: row.standing.version, known };
    findings.push({ poison: 'row_contradicts', subject: { kind: 'request', id }, workflowId, facts });
  }
  return findings;
}

/** What was read belongs to a run that one of the stores may not know; the next one reads the whole window. */
async function endSyncs({ client, config }: RepairDeps): Promise<number> {
  let ended = 0;
  let place: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof runningOn>> = await runningOn(client, config.TASK_QUEUE_SYNC, place, SIZE);
    for (const { workflowId } of page.running) {
      if (await endWorkflow(client, workflowId, 'a store was restored from a backup')) ended += 1;
    }
    place = page.next;
  } while (place !== null);
  return ended;
}
