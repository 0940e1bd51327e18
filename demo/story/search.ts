import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepText } from '../artifacts.ts';
import { CANARY_WORDS } from '../peers/canaries.ts';
import { allHistories, textOf } from './histories.ts';
import type { Story } from './setting.ts';

/**
 * Looks for words of work and of people in each table, log file and history.
 * @param count one that no other number is, which stands in the tables alone
 */
export async function searchEverything(story: Story, personal: readonly string[], count?: number): Promise<void> {
  const { checks, database, stack, temporal } = story;
  const tables = Object.fromEntries(await database.dump());
  const logs = Object.fromEntries(
    readdirSync(stack.logs).map((name) => [name, readFileSync(join(stack.logs, name), 'utf8')]),
  );
  const histories = Object.fromEntries((await allHistories(temporal)).map((one) => [one.workflowId, textOf(one)]));
  keepText('tables', 'story', Object.values(tables).join('\n'));
  keepText('histories', 'story', Object.values(histories).join('\n'));
  const all = Object.values(histories).join('');
  checks.that('what the histories carry can be read', all.includes('consentVersion'));
  for (const [what, texts] of Object.entries({ table: tables, log: logs, history: histories })) {
    const number = Object.keys(texts).length;
    checks.that(
      `${number} of ${what === 'history' ? 'histories' : `${what}s`} were searched`,
      number > 0 && Object.values(texts).some(({ length }) => length > 1000),
    );
    checks.equal(`no word of a repository, title or message is in any ${what}`, found(CANARY_WORDS, texts), []);
    checks.equal('nor a login, a name or a token', found(personal, texts), []);
    if (count !== undefined && what !== 'table') {
      checks.equal('nor a developer’s count', found([String(count)], texts), []);
    }
  }
}

/** Which of the words stand where; a table's text shows bytes in hexadecimal, so each word is looked for in both forms. */
export function found(words: readonly string[], texts: Record<string, string>): string[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    words
      .filter((word) => text.includes(word) || text.includes(Buffer.from(word).toString('hex')))
      .map((word) => `${word} in ${name}`),
  );
}
