import { Option, type Command } from 'commander';
import { account, accounts } from '../answers.ts';
import { SECRET_FILE } from '../secret.ts';
import type { Session } from '../session.ts';
import { showAccount } from '../show-account.ts';
import { table, when } from '../text.ts';

interface NewAccount {
  kind: string;
  slug: string;
  credentialFile?: string;
}

export function accountCommands(program: Command, { api, secret, show }: Session): void {
  const noun = program
    .command('accounts')
    .description('organization and enterprise accounts that instances are connected to');

  noun
    .command('register')
    .description('register an account; for one that is there, replace its credential')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['organization', 'enterprise']).makeOptionMandatory())
    .requiredOption('--slug <name>', 'its short name, as in its address')
    .option('--credential-file <path>', `the credential that reads who owns it: ${SECRET_FILE}`)
    .action(async ({ kind, slug, credentialFile }: NewAccount) => {
      const credential = credentialFile === undefined ? {} : { credential: await secret(credentialFile) };
      const made = await api().post('/api/v1/accounts', { kind, slug, ...credential }, account);
      show(made, () => showAccount(made));
    });

  noun
    .command('list')
    .description('the registered accounts and their terms of service')
    .action(async () => {
      const page = await api().get('/api/v1/accounts', accounts);
      show(page, () =>
        table(
          ['KIND', 'NAME', 'TERMS', 'SET AT', 'CREDENTIAL', 'ID'],
          page.items.map((one) => [
            one.kind,
            one.slug,
            one.terms ?? 'not recorded',
            when(one.termsSetAt),
            one.hasCredential,
            one.id,
          ]),
          'No account is registered.',
        ),
      );
    });
}
