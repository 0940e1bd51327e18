import { allHistories, troublesOf } from './histories.ts';
import type { Story } from './setting.ts';

/** Read before the first fault: until then there was no reason for anything to be tried twice. */
export async function nothingWentWrong({ checks, temporal }: Story): Promise<void> {
  checks.chapter('So far nothing failed and nothing was tried twice');
  const histories = await allHistories(temporal);
  const kinds = new Set(histories.map(({ workflowId }) => workflowId.split('/')[0]));
  checks.that(
    `the histories of ${histories.length} workflows were read`,
    kinds.has('connection') && kinds.has('sync') && kinds.has('access-request'),
    [...kinds],
  );
  checks.equal('no workflow task failed and no activity was retried', histories.flatMap(troublesOf), []);
}
