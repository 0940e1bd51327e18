import type { Client } from '@temporalio/client';
import { openTurningOffs, standingFor } from '../db/poison-rows.ts';
import { accessRequestOf } from '../workflows/access-request.messages.ts';
import { connectionOf, sharingOf } from '../workflows/ids.ts';
import type { Page } from './examine.ts';
import type { Finding, Limits, RepairDeps } from './finding.ts';
import { flowOf } from './flow.ts';

export interface Running {
  workflowId: string;
  type: string;
}

/** Workflows of ours that run, a page. Others share the namespace: ours are on our queues. */
export async function runningOn(
  client: Client,
  taskQueue: string,
  place: string | null,
  size: number,
): Promise<{ running: Running[]; next: string | null }> {
  const answer = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: `ExecutionStatus = 'Running' and TaskQueue = '${taskQueue.replaceAll("'", '')}'`,
    pageSize: size,
    nextPageToken: place === null ? null : Buffer.from(place, 'base64url'),
  });
  const running = (answer.executions ?? []).map(({ execution, type }) => ({
    workflowId: execution!.workflowId!,
    type: type!.name!,
  }));
  const token = Buffer.from(answer.nextPageToken ?? []);
  return { running, next: token.length > 0 ? token.toString('base64url') : null };
}

/** Workflows that run for a row that is not there, or that is closed. */
export async function examineStrays(deps: RepairDeps, place: string | null, size: number): Promise<Page> {
  const { running, next } = await runningOn(deps.client, deps.config.TASK_QUEUE_PEOPLE, place, size);
  return { findings: await straysAmong(deps, running), examined: running.length, next };
}

async function straysAmong({ pool, client, clock }: RepairDeps, running: Running[]): Promise<Finding[]> {
  const subjects = running.flatMap(({ workflowId }) => {
    const subject = subjectOf(workflowId);
    return subject ? [{ workflowId, subject }] : [];
  });
  const idsOf = (kind: string) =>
    subjects.filter(({ subject }) => subject.kind === kind).map(({ subject }) => subject.id);
  const [connections, requests, runs] = await Promise.all([
    standingFor(pool, 'connection', idsOf('connection')),
    standingFor(pool, 'request', idsOf('request')),
    openTurningOffs(pool, clock().toISOString()),
  ]);
  const open = new Set([...connections, ...requests, ...runs.map((run) => run.id)]);
  const strays = subjects.filter(({ subject }) => !open.has(subject.id));
  const findings: Finding[] = [];
  for (const { workflowId, subject } of strays) {
    // The list may lag behind, and one that has just ended its row is just ending.
    const flow = await flowOf(client, workflowId, Infinity);
    if (flow?.running) {
      findings.push({ poison: 'workflow_without_row', subject, workflowId, facts: { shown: flow.shown ?? null } });
    }
  }
  return findings;
}

function subjectOf(workflowId: string): Finding['subject'] | undefined {
  const request = accessRequestOf(workflowId);
  if (request !== undefined) return { kind: 'request', id: request };
  const connection = connectionOf(workflowId);
  if (connection !== undefined) return { kind: 'connection', id: connection };
  const run = sharingOf(workflowId);
  return run === undefined ? undefined : { kind: 'sharing', id: run };
}

/** Parts of the sync that cannot go on. */
export async function examineSync(deps: RepairDeps, { attempts }: Limits, place: string | null, size: number) {
  const { running, next } = await runningOn(deps.client, deps.config.TASK_QUEUE_SYNC, place, size);
  const findings: Finding[] = [];
  for (const { workflowId } of running) {
    const flow = await flowOf(deps.client, workflowId, attempts);
    if (!flow?.running || !flow.failing) continue;
    const { step, attempts: tried, type } = flow.failing;
    const subject: Finding['subject'] = { kind: 'sync', id: workflowId };
    findings.push({ poison: 'workflow_stuck', subject, workflowId, facts: { step, tried, type } });
  }
  return { findings, examined: running.length, next } satisfies Page;
}
