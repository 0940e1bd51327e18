import { Argument, type Command } from 'commander';
import { account } from '../answers.ts';
import { findAccount } from '../look-up.ts';
import type { Session } from '../session.ts';
import { showAccount } from '../show-account.ts';

export function termsCommands(program: Command, { api, show }: Session): void {
  const noun = program.command('terms').description('terms of service of an account, which decide its access requests');

  noun
    .command('set')
    .description('record which terms an account has; open requests follow at the next re-check by support')
    .argument('<account>', 'its id or short name')
    .addArgument(
      new Argument('<terms>', 'standard: approved at once; custom: a person decides').choices(['standard', 'custom']),
    )
    .action(async (named: string, terms: string) => {
      const { id } = await findAccount(api(), named);
      const changed = await api().put(`/api/v1/accounts/${id}/terms`, { terms }, account);
      show(changed, () => showAccount(changed));
    });
}
