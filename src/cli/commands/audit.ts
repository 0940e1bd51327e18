import type { Command } from 'commander';
import { z } from 'zod';
import { auditRecords } from '../answers.ts';
import { seq, time, uuid } from '../arguments.ts';
import type { Api } from '../api.ts';
import { findInstance } from '../look-up.ts';
import { pageOptions, type PageOptions, withMore } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, when } from '../text.ts';
import { verifyCommand } from './audit-chain.ts';

interface Filters {
  subject?: string;
  instance?: string;
  actor?: string;
  from?: string;
  to?: string;
}

export function auditCommands(program: Command, session: Session): void {
  const { api, show, print } = session;
  const noun = program.command('audit').description('who did what');

  const list = noun.command('list').description('the records, newest first; all given filters hold at once');
  pageOptions(filterOptions(list)).action(async (filters: Filters & PageOptions) => {
    const page = await api().get('/api/v1/audit', auditRecords, { ...(await queryOf(api(), filters)) });
    show(page, () =>
      withMore(
        page.next,
        table(
          ['AT', 'ACTION', 'SUBJECT', 'ACTOR', 'DETAIL'],
          page.items.map((one) => [
            when(one.at),
            one.action,
            `${one.subjectKind} ${one.subjectId}`,
            one.actor,
            Object.entries(one.detail)
              .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
              .join(' '),
          ]),
          'No record matches.',
        ),
      ),
    );
  });

  filterOptions(noun.command('export'))
    .description(
      'the sealed records as JSON lines, in the order of their seals, which never changes; the same filters as of the list',
    )
    .option('--after <seq>', 'go on after the "seq" of the last line of an export before', seq, 0)
    .action(async ({ after, ...filters }: Filters & { after: number }) => {
      const query = await queryOf(api(), filters);
      for (let last = after; ;) {
        const lines = await api().getLines('/api/v1/audit/export', { ...query, after: last });
        if (lines.length === 0) return;
        print(lines);
        last = exported.parse(JSON.parse(lines.at(-1)!)).seq;
      }
    });

  verifyCommand(noun, session);
}

const exported = z.object({ seq: z.int() });

function filterOptions(command: Command): Command {
  return command
    .option('--subject <id>', 'of one connection, request, account, instance or token', uuid)
    .option('--instance <instance>', 'of an instance, its connections and its requests: its id or host name')
    .option('--actor <name>', 'by whom, as the list names them: token:<id>, person:<connection id>, system, cli')
    .option('--from <time>', 'at this time or later', time)
    .option('--to <time>', 'before this time', time);
}

async function queryOf<Given extends Filters>(api: Api, filters: Given): Promise<Given> {
  if (filters.instance === undefined) return filters;
  return { ...filters, instance: (await findInstance(api, filters.instance)).id };
}
