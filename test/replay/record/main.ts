import { parseArgs } from 'node:util';
import globalSetup from '../../support/global-setup.ts';
import globalTeardown from '../../support/global-teardown.ts';
import { PRESENT } from '../histories.ts';
import { recordAccessRequests } from './access-requests.ts';
import { recordConnections } from './connections.ts';
import { Keeper } from './keeper.ts';
import type { WorkflowName } from '../states.ts';
import { recordSyncs } from './syncs.ts';
import { recordTurningOff } from './turning-off.ts';

/** Which workflows each of them brings to their states. */
const SCENARIOS: [(keeper: Keeper) => Promise<void>, WorkflowName[]][] = [
  [recordAccessRequests, ['accessRequest']],
  [recordConnections, ['connection']],
  [recordTurningOff, ['turningOff']],
  [recordSyncs, ['contributionSync', 'instanceSync']],
];

/**
 * `npm run histories:record`: brings every workflow to every state, on real servers with the real worker, and keeps the
 * histories in `test/histories/unreleased/`. `--as` names another folder, `--only` a pattern of `<workflow>/<state>`.
 */
async function main(): Promise<void> {
  const { as, only } = parseArgs({
    options: { as: { type: 'string', default: PRESENT }, only: { type: 'string', default: '' } },
  }).values;
  await globalSetup();
  const keeper = new Keeper(as, new RegExp(only));
  try {
    for (const [record, workflows] of SCENARIOS) if (workflows.some((one) => keeper.wants(one))) await record(keeper);
  } finally {
    await globalTeardown();
  }
  process.stdout.write(`${keeper.kept.length} histories are in test/histories/${as}/\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
