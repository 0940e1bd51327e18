import type { Command } from 'commander';
import { holdDatabase } from '../../db/restore-epoch.ts';
import { reapplyDeletions } from '../../repair/reapply.ts';
import { checkReceipts, readReceipts } from '../receipts-file.ts';
import type { Session } from '../session.ts';
import { facts, when } from '../text.ts';

const ACTOR = 'cli';
const now = () => new Date();

export function deletionCommands(program: Command, { database, bothStores, show }: Session): void {
  const noun = program
    .command('deletions')
    .description('what was deleted, after a restore from a backup; these commands use both stores themselves');

  noun
    .command('hold')
    .description(
      'say that PostgreSQL was restored from a backup: nothing is shown or written until "reapply" is through, and everybody is signed out',
    )
    .action(async () => {
      const held = await database((pool) => holdDatabase(pool, { actor: ACTOR, at: now().toISOString() }));
      show(held, () => `The database is held since ${when(held.heldAt)}: "deletions reapply" lets it go.\n`);
    });

  noun
    .command('reapply')
    .description(
      'after a restore of PostgreSQL, of Temporal or of both: delete again what was deleted since, and put each workflow where its row is; no worker may run',
    )
    .option('--receipts <path>', 'those that "receipts export" has kept apart; needed where PostgreSQL was restored')
    .action(async ({ receipts }: { receipts?: string }) => {
      const kept =
        receipts === undefined
          ? { lines: none(), places: { receipt: 0, audit: 0 } }
          : { places: await checkReceipts(receipts), lines: readReceipts(receipts) };
      const done = await bothStores((stores) => reapplyDeletions({ ...stores, clock: now }, kept, ACTOR));
      show(
        done,
        () =>
          facts([
            ['Receipts', `${done.receipts.read} read, ${done.receipts.putBack} put back`],
            ['Connections', `${done.connections.removed} removed again, ${done.connections.erased} forgotten again`],
            [
              'Instances',
              `${done.instances.turnedOff} turned off again, ${done.instances.itemsDeleted} days deleted; ${done.instances.closed} closed again, whose days the worker deletes`,
            ],
            ['Taken back', `${done.withdrawn} made private, revoked, switched off or erased again`],
            ['Links', `${done.lapsed} erased again, whose window has ended`],
            [
              'Workflows',
              `${done.workflows.examined} looked at; ${done.workflows.started} started, ${done.workflows.restarted} begun anew from their row, ${done.workflows.ended} ended`,
            ],
            ['Sync', `${done.workflows.syncsEnded} parts of a run ended; the next run reads everything`],
          ]) + '\nThe database is let go: start the worker and the API.\n',
      );
    });
}

async function* none() {
  yield [];
}
