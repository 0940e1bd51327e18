import { accessRequestWorkflowId } from '../../src/workflows/access-request.messages.ts';
import { connectionWorkflowId } from '../../src/workflows/ids.ts';
import type { Outcome, World } from './check.ts';

interface Living {
  workflow: string;
  status: string;
}

/** Nothing is stuck: each row that lives has a workflow that runs and says the same, and none has failed. */
export async function checkWorkflows({ setting: { pool, client } }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  const connections = await pool.query<{ id: string; status: string }>(
    'select id, status from connection where erased_at is null',
  );
  const requests = await pool.query<{ id: string; status: string }>(
    `select id, status from access_request where status in ('checking', 'logged', 'contacted')`,
  );
  const living: Living[] = [
    ...connections.rows.map(({ id, status }) => ({ workflow: connectionWorkflowId(id), status })),
    ...requests.rows.map(({ id, status }) => ({ workflow: accessRequestWorkflowId(id), status })),
  ];
  outcome.checked += living.length + 1;
  for (const one of living) {
    const said = await saysOf(one);
    if (said === one.status) continue;
    outcome.violations.push({ expected: 'the workflow to run and to say what the row says', facts: { ...one, said } });
  }
  for await (const { workflowId, status } of client.workflow.list({
    query: `ExecutionStatus in ('Failed', 'Terminated', 'TimedOut')`,
  })) {
    outcome.violations.push({ expected: 'no workflow to fail', facts: { workflowId, status: status.name } });
  }
  return outcome;

  async function saysOf({ workflow }: Living): Promise<string> {
    const handle = client.workflow.getHandle(workflow);
    try {
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') return `it is ${status.name}`;
      return (await handle.query<{ status: string } | null>('state'))?.status ?? 'nothing';
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
    }
  }
}
