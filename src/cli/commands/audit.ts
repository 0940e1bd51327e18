import type { Command } from 'commander';
import { auditRecords } from '../answers.ts';
import { time, uuid } from '../arguments.ts';
import { findInstance } from '../look-up.ts';
import { pageOptions, type PageOptions, withMore } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, when } from '../text.ts';

interface Filters extends PageOptions {
  subject?: string;
  instance?: string;
  actor?: string;
  from?: string;
  to?: string;
}

export function auditCommands(program: Command, { api, show }: Session): void {
  const noun = program.command('audit').description('who did what');

  const list = noun
    .command('list')
    .description('the records, newest first; all given filters hold at once')
    .option('--subject <id>', 'of one connection, request, account, instance or token', uuid)
    .option('--instance <instance>', 'of an instance, its connections and its requests: its id or host name')
    .option('--actor <name>', 'by whom, as the list names them: token:<id>, person:<connection id>, system, cli')
    .option('--from <time>', 'at this time or later', time)
    .option('--to <time>', 'before this time', time);
  pageOptions(list).action(async (filters: Filters) => {
    const instance = filters.instance === undefined ? undefined : (await findInstance(api(), filters.instance)).id;
    const page = await api().get('/api/v1/audit', auditRecords, { ...filters, instance });
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
}
