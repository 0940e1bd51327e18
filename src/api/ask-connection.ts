import type { UpdateDefinition } from '@temporalio/common';
import { connectionStart } from '../temporal/deliver.ts';
import type { Act } from '../workflows/connection.messages.ts';
import { askWorkflow, type Asked } from './ask-workflow.ts';
import type { Deps } from './deps.ts';

/** An update goes to the connection's workflow, which is started again where it is not there. */
export function askConnection<Ret, A extends Act>(
  deps: Deps,
  connectionId: string,
  update: UpdateDefinition<Ret, [A]>,
  act: A,
): Promise<Asked<Ret>> {
  const start = connectionStart(connectionId, deps.config.TASK_QUEUE_PEOPLE);
  return askWorkflow({
    temporal: deps.temporal,
    start: { ...start, type: 'connection', workflowIdConflictPolicy: 'USE_EXISTING' },
    update,
    args: [act],
    updateId: act.operationId,
  });
}
