import { accessRequestWorkflowId } from '../workflows/access-request.messages.ts';
import { connectionWorkflowId, sharingWorkflowId } from '../workflows/ids.ts';
import {
  openConnection,
  openConnections,
  openRequests,
  openTurningOffs,
  turnedNow,
  undeliverableActs,
  type OpenRow,
} from '../db/poison-rows.ts';
import { addMs } from '../domain/dates.ts';
import { isInstanceFault } from '../domain/observed.ts';
import { judge, type SubjectKind } from '../domain/poison.ts';
import type { Finding, Limits, RepairDeps } from './finding.ts';
import { flowOf } from './flow.ts';

/** Workflows that are asked about at once. */
const AT_ONCE = 16;

export interface Page {
  findings: Finding[];
  examined: number;
  /** Where the next page begins; null after the last. */
  next: string | null;
}

/** The next connections by id, each held against its workflow. */
export async function examineConnections(
  deps: RepairDeps,
  limits: Limits,
  after: string | null,
  size: number,
): Promise<Page> {
  const rows = await openConnections(deps.pool, limits.settleMs, after, size);
  const findings = await findingsOf(deps, limits, 'connection', rows);
  return { findings, examined: rows.length, next: rows.length === size ? rows.at(-1)!.id : null };
}

export async function examineConnection(deps: RepairDeps, limits: Limits, id: string): Promise<Finding[]> {
  const row = await openConnection(deps.pool, limits.settleMs, id);
  return row ? findingsOf(deps, limits, 'connection', [row]) : [];
}

export async function examineRequests(deps: RepairDeps, limits: Limits, id: string | null = null): Promise<Page> {
  const rows = await openRequests(deps.pool, limits.settleMs, id);
  return { findings: await findingsOf(deps, limits, 'request', rows), examined: rows.length, next: null };
}

/** Runs that turn an instance off, or wait for the end of their cohort's 90 days. */
export async function examineTurningOffs(deps: RepairDeps, limits: Limits): Promise<Page> {
  const rows = await openTurningOffs(deps.pool, addMs(deps.clock().toISOString(), -limits.settleMs));
  return { findings: await findingsOf(deps, limits, 'sharing', rows), examined: rows.length, next: null };
}

const WORKFLOW_ID = {
  connection: connectionWorkflowId,
  request: accessRequestWorkflowId,
  sharing: (id: string) => sharingWorkflowId(id.split('/')[0]!, Number(id.split('/')[1])),
} as const;

export function workflowIdOf(kind: 'connection' | 'request' | 'sharing', id: string): string {
  return WORKFLOW_ID[kind](id);
}

async function findingsOf(
  { client }: RepairDeps,
  { attempts }: Limits,
  kind: 'connection' | 'request' | 'sharing',
  rows: OpenRow[],
): Promise<Finding[]> {
  const found: Finding[] = [];
  const waiting = rows.values();
  const examiner = async () => {
    for (const row of waiting) {
      const workflowId = workflowIdOf(kind, row.id);
      const flow = await flowOf(client, workflowId, attempts);
      const poison = judge(row, flow);
      if (!poison) continue;
      const { step = null, attempts: tried = null, type = null } = flow?.failing ?? {};
      const facts = { row: row.status, workflow: flow?.status ?? null, shown: flow?.shown ?? null };
      const failing = flow?.failing ? { step, tried, type } : {};
      found.push({ poison, subject: { kind, id: row.id }, workflowId, facts: { ...facts, ...failing } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, examiner));
  return found.toSorted((a, b) => (a.subject.id < b.subject.id ? -1 : 1));
}

/** Accepted acts that wait for what is not there. */
export async function examineActs({ pool, clock }: RepairDeps, { settleMs }: Limits, size: number): Promise<Page> {
  const acts = await undeliverableActs(pool, addMs(clock().toISOString(), -settleMs), size);
  const findings = acts.map(({ operationId, kind, subjectId }): Finding => {
    const subject: Finding['subject'] = { kind: 'act' satisfies SubjectKind, id: operationId };
    return { poison: 'act_undeliverable', subject, workflowId: null, facts: { act: kind, of: subjectId } };
  });
  return { findings, examined: acts.length, next: null };
}

/** Instances of which so many developers turned that it is no sign of anybody. */
export async function examineInstances({ pool }: RepairDeps): Promise<Page> {
  const rows = await turnedNow(pool);
  const findings = rows
    .filter(({ turned, sending }) => isInstanceFault(turned, sending))
    .map(({ instanceId, turned, sending }): Finding => {
      const subject: Finding['subject'] = { kind: 'instance', id: instanceId };
      return { poison: 'many_turned', subject, workflowId: null, facts: { turned, sending } };
    });
  return { findings, examined: rows.length, next: null };
}
