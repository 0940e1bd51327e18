import { Option, type Command } from 'commander';
import { instance, instances, sharing } from '../answers.ts';
import { misused } from '../failure.ts';
import { findAccount, findInstance } from '../look-up.ts';
import { SECRET_FILE } from '../secret.ts';
import type { Session } from '../session.ts';
import { showInstance } from '../show-instance.ts';
import { table } from '../text.ts';

interface Secrets {
  credentialFile?: string;
  oauthClientId?: string;
  oauthClientSecretFile?: string;
}

interface NewInstance extends Secrets {
  hostname: string;
  kind: string;
  baseUrl: string;
  account: string;
  allowHttpLoopback?: boolean;
  allowPrivateNetwork?: boolean;
}

const CREDENTIAL = `the credential that reads who its site administrators are: ${SECRET_FILE}`;
const OAUTH_APP = 'its OAuth App, which revokes tokens that are not needed any more';
const OAUTH_SECRET = `the secret of its OAuth App: ${SECRET_FILE}`;

const PRIVATE_NETWORK = "HTTPS to addresses of the operator's own network";

export function instanceCommands(program: Command, session: Session): void {
  const { api, show } = session;
  const noun = program.command('instances').description("companies' own forges, whose developers send their counts");

  noun
    .command('register')
    .description('register an instance')
    .requiredOption('--hostname <name>', 'its host name, as GitHub.com knows it')
    .addOption(new Option('--kind <kind>', 'what it runs').choices(['ghes', 'gitea']).makeOptionMandatory())
    .requiredOption('--base-url <address>', 'where it is reached: https://…')
    .requiredOption('--account <account>', 'the account it is connected to: its id or short name')
    .option('--credential-file <path>', CREDENTIAL)
    .option('--oauth-client-id <id>', OAUTH_APP)
    .option('--oauth-client-secret-file <path>', OAUTH_SECRET)
    .option('--allow-http-loopback', 'plain HTTP, to a loopback address alone')
    .option('--allow-private-network', PRIVATE_NETWORK)
    .action(async (given: NewInstance) => {
      const secrets = await secretsOf(session, given);
      const { id: accountId } = await findAccount(api(), given.account);
      const { hostname, kind, baseUrl, allowHttpLoopback = false, allowPrivateNetwork = false } = given;
      const plain = { hostname, kind, baseUrl, accountId, allowHttpLoopback, allowPrivateNetwork };
      const made = await api().post('/api/v1/instances', { ...plain, ...secrets }, instance);
      show(made, () => showInstance(made));
    });

  noun
    .command('credentials')
    .description('replace its credential or its OAuth App, before they expire or when a key is retired')
    .argument('<instance>', 'its id or host name')
    .option('--credential-file <path>', CREDENTIAL)
    .option('--oauth-client-id <id>', OAUTH_APP)
    .option('--oauth-client-secret-file <path>', OAUTH_SECRET)
    .action(async (named: string, given: Secrets) => {
      const secrets = await secretsOf(session, given);
      if (Object.keys(secrets).length === 0) throw misused('Name --credential-file, or the OAuth App with its secret.');
      const { id } = await findInstance(api(), named);
      const changed = await api().put(`/api/v1/instances/${id}/credentials`, secrets, instance);
      show(changed, () => showInstance(changed));
    });

  noun
    .command('network')
    .description("allow or forbid that it is at an address of the operator's own network")
    .argument('<instance>', 'its id or host name')
    .addOption(new Option('--private <answer>', PRIVATE_NETWORK).choices(['allow', 'forbid']).makeOptionMandatory())
    .action(async (named: string, given: { private: string }) => {
      const { id } = await findInstance(api(), named);
      const body = { allowPrivateNetwork: given.private === 'allow' };
      const changed = await api().put(`/api/v1/instances/${id}/network`, body, instance);
      show(changed, () => showInstance(changed));
    });

  noun
    .command('list')
    .description('the registered instances')
    .action(async () => {
      const page = await api().get('/api/v1/instances', instances);
      show(page, () =>
        table(
          ['HOST NAME', 'KIND', 'ACCOUNT', 'SHARING', 'GITHUB CONNECT', 'ID'],
          page.items.map((one) => [one.hostname, one.kind, one.account.slug, one.sharing, one.connect, one.id]),
          'No instance is registered.',
        ),
      );
    });

  noun
    .command('show')
    .description('one instance: both sides of its sharing, and how far a turning off has come')
    .argument('<instance>', 'its id or host name')
    .action(async (named: string) => {
      const one = await findInstance(api(), named);
      const state = await api().get(`/api/v1/instances/${one.id}/sharing`, sharing);
      show({ instance: one, sharing: state }, () => showInstance(one, state));
    });
}

async function secretsOf({ secret }: Session, given: Secrets): Promise<object> {
  const { credentialFile, oauthClientId, oauthClientSecretFile } = given;
  if ((oauthClientId === undefined) !== (oauthClientSecretFile === undefined)) {
    throw misused('--oauth-client-id and --oauth-client-secret-file are given both or not at all.');
  }
  if (credentialFile === '-' && oauthClientSecretFile === '-') {
    throw misused('Standard input holds one secret: name a file for the other.');
  }
  return {
    ...(credentialFile !== undefined && { credential: await secret(credentialFile) }),
    ...(oauthClientSecretFile !== undefined && {
      oauth: { clientId: oauthClientId, clientSecret: await secret(oauthClientSecretFile) },
    }),
  };
}
