import type { Command } from 'commander';
import { keptHorizon } from '../../db/kept-horizon.ts';
import { receiptsBetween } from '../../db/kept-receipts.ts';
import { recordsBetween } from '../../db/kept-records.ts';
import { receipts } from '../answers.ts';
import { uuid } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { KeptLine } from '../../repair/told.ts';
import { openReceiptsFile, type ReceiptsFile } from '../receipts-file.ts';
import type { Pool } from '../../db/pool.ts';
import type { Session } from '../session.ts';
import { table, when } from '../text.ts';

export function receiptCommands(program: Command, { api, database, show }: Session): void {
  const noun = program.command('receipts').description('what was deleted, and when that was verified');

  noun
    .command('list')
    .description('the receipts of a connection, those of its instance that covered it included')
    .argument('<connection>', 'its id', uuid)
    .action(async (id: string) => {
      const answer = await api().get(`/api/v1/receipts/${id}`, receipts);
      const pending = answer.deletionPending ? 'A removal is accepted and not verified yet.\n' : '';
      show(
        answer,
        () =>
          table(
            ['ASKED AT', 'VERIFIED AT', 'CAUSE', 'SCOPE', 'DELETED', 'LEFT', 'PUBLIC COPIES GONE BY'],
            answer.items.map((one) => [
              when(one.askedAt),
              when(one.verifiedAt),
              one.cause,
              one.scope,
              one.itemsDeleted,
              one.itemsLeft,
              when(one.publicCopiesExpireAt),
            ]),
            'Nothing of it was ever deleted.',
          ) + pending,
      );
    });

  noun
    .command('export')
    .description(
      'keep apart from the database what must not come back with a backup of it: adds to a file, a line each, the receipts that it does not have, removals that were accepted, and what was made private, revoked, switched off or erased; ids, times and totals, and nobody’s name',
    )
    .argument('<path>', 'the file; made where there is none')
    .action(async (path: string) => {
      const answer = await database((pool) => exportReceipts(pool, path));
      show(answer, () => `${answer.added} lines were added to ${path}.\n`);
    });
}

const BATCH = 1000;
const EXPORTERS = 20;

/** One at a time: two that add to the same file would each take the other's last line for one that was cut off. */
async function exportReceipts(pool: Pool, path: string): Promise<{ path: string; added: number }> {
  await takeTurn(pool);
  const file = await openReceiptsFile(path);
  try {
    const { places } = file;
    const horizon = await keptHorizon(pool);
    if (horizon.receipt < places.receipt || horizon.audit < places.audit) throw knowsLess(path);
    const told = await addAll(file, places.receipt, horizon.receipt, (...between) =>
      receiptsBetween(pool, ...between, BATCH),
    );
    const records = await addAll(file, places.audit, horizon.audit, (...between) =>
      recordsBetween(pool, ...between, BATCH),
    );
    if (horizon.receipt > places.receipt || horizon.audit > places.audit) await file.add([{ examined: horizon }]);
    return { path, added: told + records };
  } finally {
    await file.close();
  }
}

/** What it numbers from here on would be taken for what the file has already. */
function knowsLess(path: string): Failure {
  return new Failure(EXIT.refused, {
    title: `The database knows less than ${path}: nothing was added.`,
    advice:
      'if it was restored from a backup, "deletions reapply --receipts" comes first; if the file is another database’s, name a new one.',
  });
}

async function addAll(
  file: ReceiptsFile,
  after: number,
  horizon: number,
  between: (after: number, horizon: number) => Promise<KeptLine[]>,
): Promise<number> {
  let added = 0;
  for (let last = after; ;) {
    const batch = await between(last, horizon);
    if (batch.length === 0) return added;
    await file.add(batch);
    added += batch.length;
    last = batch.at(-1)!.seq;
  }
}

/** The lock is the session's, which ends with this command. */
async function takeTurn(pool: Pool): Promise<void> {
  await pool.query('select pg_advisory_lock(7261, $1)', [EXPORTERS]);
}
