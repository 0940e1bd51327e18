import type { Command } from 'commander';
import { rotateKeys } from '../../db/rotate-keys.ts';
import { keysInUse, type KeyUse } from '../../db/sealed-columns.ts';
import { createTokenCipher } from '../../keys/token-cipher.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { table } from '../text.ts';

/** On the database itself: the API hands no key and no ciphertext to anybody. */
export function keyCommands(program: Command, { database, keyed, show }: Session): void {
  const noun = program.command('keys').description('the keys that seal stored tokens, TOKEN_KEYS');

  noun
    .command('list')
    .description('which keys seal what is stored; one that is not listed may be dropped from TOKEN_KEYS')
    .action(async () => {
      const inUse = await database(keysInUse);
      show({ items: inUse }, () => showUse(inUse));
    });

  noun
    .command('rotate')
    .description(
      'seal everything anew with the newest of TOKEN_KEYS, while API and worker run; they have to know that key by then. Stopped anywhere, the same again does the rest',
    )
    .action(async () => {
      const done = await keyed('TOKEN_KEYS', (pool, keys) => rotateKeys(pool, createTokenCipher(keys)));
      const others = done.inUse.filter(({ keyId }) => keyId !== done.keyId);
      if (Object.keys(done.unreadable).length > 0) throw unreadable(done.unreadable, others);
      show(done, () => {
        const rows = Object.entries(done.resealed).map(([name, count]) => `${count} of ${name}`);
        const what = rows.length === 0 ? 'Nothing was left to seal anew.' : `Sealed anew: ${rows.join(', ')}.`;
        return `${what}\n${showUse(done.inUse)}${lastWords(done.keyId, others)}\n`;
      });
    });
}

function showUse(inUse: readonly KeyUse[]): string {
  return table(
    ['KEY', 'ROWS', 'WHERE'],
    inUse.map(({ keyId, rows }) => [
      keyId,
      Object.values(rows).reduce((sum, count) => sum + count, 0),
      Object.entries(rows)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    ]),
    'Nothing is sealed.',
  );
}

function lastWords(newest: string, others: readonly KeyUse[]): string {
  if (others.length === 0)
    return `No row uses another key than "${newest}": the others may be dropped from TOKEN_KEYS.`;
  const names = others.map(({ keyId }) => `"${keyId}"`).join(', ');
  return `Something still seals with ${names}: restart API and worker with "${newest}" in front, then run this again.`;
}

function unreadable(rows: Record<string, number>, others: readonly KeyUse[]): Failure {
  const listed = Object.entries(rows).map(([name, count]) => `${count} of ${name}`);
  return new Failure(EXIT.refused, {
    title: `${listed.join(', ')} cannot be opened by any key of TOKEN_KEYS; all else is sealed anew.`,
    advice: `add the keys that they were sealed by (${others.map(({ keyId }) => keyId).join(', ')}); a token of a lost key is connected anew by its developer.`,
    facts: { unreadable: rows },
  });
}
