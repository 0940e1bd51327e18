import { Option, type Command } from 'commander';
import { REQUEST_STATUSES } from '../../domain/access-request.ts';
import { accessRequests, instances } from '../answers.ts';
import { pageOptions, type PageOptions, withMore } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, when } from '../text.ts';

export function accessRequestCommands(program: Command, { api, show }: Session): void {
  const noun = program.command('access-requests').description('requests of site administrators for access');

  const list = noun
    .command('list')
    .description('those that wait for support, by when the first contact is due')
    .addOption(new Option('--status <status>', 'only these, open or not').choices([...REQUEST_STATUSES]));
  pageOptions(list).action(async (query: PageOptions & { status?: string }) => {
    const [page, { items: known }] = await Promise.all([
      api().get('/api/v1/access-requests', accessRequests, { ...query }),
      api().get('/api/v1/instances', instances),
    ]);
    const hostname = new Map(known.map((one) => [one.id, one.hostname]));
    show(page, () =>
      withMore(
        page.next,
        table(
          ['INSTANCE', 'STATUS', 'ASKED AT', 'CONTACT DUE', 'EXPIRES', 'WAITS FOR AN ANSWER', 'HANDLER', 'ID'],
          page.items.map((one) => [
            hostname.get(one.instanceId) ?? one.instanceId,
            one.status,
            when(one.createdAt),
            when(one.contactDueAt),
            when(one.expiresAt),
            one.informationAsked,
            one.handler,
            one.id,
          ]),
          query.status === undefined ? 'No request waits for support.' : `No request is "${query.status}".`,
        ),
      ),
    );
  });
}
