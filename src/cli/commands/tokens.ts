import { Argument, type Command } from 'commander';
import { createToken, listTokens, revokeToken } from '../../db/api-tokens.ts';
import { instant, userId, uuid } from '../arguments.ts';
import type { Session } from '../session.ts';
import { facts, table, when } from '../text.ts';
import { ownerOf, type Ownership } from '../token-owner.ts';

const ACTOR = 'cli';

export function tokenCommands(program: Command, { database, show }: Session): void {
  const noun = program.command('tokens').description('API tokens; these commands use the database itself');

  noun
    .command('create')
    .description('make a token; it is printed once and kept nowhere')
    .addArgument(new Argument('<role>', 'what it may do').choices(['operator', 'support', 'person']))
    .option('--name <label>', 'tells it from others in the list; no name of a person')
    .option('--instance <instance>', 'of a person: the instance, by its id or host name')
    .option('--user-id <number>', 'of a person: the numeric id at the instance', userId)
    .option('--created-at <time>', 'of a person: when that user was created, as the instance says', instant)
    .option(
      '--github-user-id <number>',
      'of a person, and of support, so that nobody decides a request of their own: the numeric id at GitHub.com',
      userId,
    )
    .action(async (role: Ownership['role'], given: Omit<Ownership, 'role'> & { name?: string }) => {
      const name = given.name ?? role;
      const made = await database(async (pool) => {
        const owner = await ownerOf(pool, { ...given, role });
        return createToken(pool, { name, owner, actor: ACTOR, at: new Date() });
      });
      show(
        { ...made, role, name },
        () =>
          facts([
            ['Token', made.token],
            ['Id', made.id],
            ['Role', role],
            ['Name', name],
          ]) + '\nThe token is shown this once and kept nowhere: store it where only its owner can read it.\n',
      );
    });

  noun
    .command('list')
    .description('every token that was made, without its text')
    .action(async () => {
      const items = await database(listTokens);
      show({ items }, () =>
        table(
          ['ROLE', 'NAME', 'CREATED AT', 'REVOKED AT', 'ID'],
          items.map((one) => [one.role, one.name, when(one.createdAt), when(one.revokedAt), one.id]),
          'No token was made yet.',
        ),
      );
    });

  noun
    .command('revoke')
    .description('end a token at once; to revoke it again changes nothing')
    .argument('<id>', 'its id, from the list', uuid)
    .action(async (id: string) => {
      await database((pool) => revokeToken(pool, id, { actor: ACTOR, at: new Date() }));
      show({ id, revoked: true }, () => `The token ${id} is revoked.\n`);
    });
}
