import type { Command } from 'commander';
import { receipts } from '../answers.ts';
import { uuid } from '../arguments.ts';
import type { Session } from '../session.ts';
import { table, when } from '../text.ts';

export function receiptCommands(program: Command, { api, show }: Session): void {
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
}
