import type { Command } from 'commander';
import { instances, runs, schedule, started } from '../answers.ts';
import { uuid } from '../arguments.ts';
import { misused } from '../failure.ts';
import { findInstance } from '../look-up.ts';
import { pageOptions, type PageOptions, withMore } from '../paging.ts';
import type { Session } from '../session.ts';
import { showRuns, showSchedule } from '../show-sync.ts';

const RUNS_SHOWN = 10;

export function syncCommands(program: Command, { api, show }: Session): void {
  const noun = program.command('sync').description('the hourly run that sends contribution counts');
  const PATH = '/api/v1/sync';

  noun
    .command('status')
    .description('whether it is paused or running, and when it comes next')
    .action(async () => {
      const state = await api().get(PATH, schedule);
      show(state, () => showSchedule(state));
    });

  const list = noun.command('runs').description('the runs, newest first, with what each did at each instance');
  pageOptions(list, RUNS_SHOWN).action(async (query: PageOptions) => {
    const [page, { items }] = await Promise.all([
      api().get(`${PATH}/runs`, runs, { ...query }),
      api().get('/api/v1/instances', instances),
    ]);
    show(page, () => withMore(page.next, showRuns(page.items, items)));
  });

  noun
    .command('trigger')
    .description('start a run now, paused or not')
    .option('--instance <instance>', 'of this instance alone: its id or host name')
    .action(async ({ instance }: { instance?: string }) => {
      const body = instance === undefined ? {} : { instanceId: (await findInstance(api(), instance)).id };
      const state = await api().post(`${PATH}/trigger`, body, schedule);
      show(state, () => 'A run is started; "sync runs" shows what it does.\n');
    });

  noun
    .command('pause')
    .description('start no run by itself until it is resumed; one that is under way goes on')
    .option('--note <text>', 'why', 'paused by an operator')
    .action(async ({ note }: { note: string }) => {
      const state = await api().post(`${PATH}/pause`, { note }, schedule);
      show(state, () => showSchedule(state));
    });

  noun
    .command('resume')
    .description('start runs again')
    .action(async () => {
      const state = await api().post(`${PATH}/resume`, {}, schedule);
      show(state, () => showSchedule(state));
    });

  noun
    .command('backfill')
    .description('read the window of the past 90 days again; days before it are never filled')
    .option('--instance <instance>', 'of every developer of an instance: its id or host name')
    .option('--connection <id>', 'of one connection', uuid)
    .action(async ({ instance, connection }: { instance?: string; connection?: string }) => {
      if ((instance === undefined) === (connection === undefined)) {
        throw misused('Either --instance or --connection is needed.');
      }
      const body =
        instance === undefined
          ? { connectionId: connection }
          : { instanceId: (await findInstance(api(), instance)).id };
      const answer = await api().post(`${PATH}/backfill`, body, started);
      const look = connection === undefined ? 'sync runs' : `doctor connection ${connection}`;
      show(answer, () => `It is asked for; "${look}" shows what came of it.\n`);
    });
}
