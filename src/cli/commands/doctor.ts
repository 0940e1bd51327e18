import type { Command } from 'commander';
import { findings, schedule, type Findings } from '../answers.ts';
import { attempts, uuid } from '../arguments.ts';
import type { Api } from '../api.ts';
import { examination } from '../examination.ts';
import type { Session } from '../session.ts';
import { showExamination } from '../show-examination.ts';
import { showFindings } from '../show-findings.ts';

const PATH = '/api/v1/doctor';

export function doctorCommands(program: Command, { api, show }: Session): void {
  const noun = program.command('doctor').description('why something is as it is, and what to do');

  noun
    .command('connection')
    .description('one connection: state, fences, causes, last read, failures; nothing personal')
    .argument('<id>', 'its id', uuid)
    .action(async (id: string) => {
      const found = await api().get(`/api/v1/doctor/connections/${id}`, examination);
      const sync = found.temporalReached ? await api().get('/api/v1/sync', schedule) : undefined;
      show(found, () => showExamination(found, sync));
    });

  noun
    .command('check')
    .description(
      'everything: what is wrong between rows and workflows and is not put right by itself, and what a repair would do',
    )
    .option('--repair', 'repair what can be repaired; each repair is recorded')
    .option(
      '--attempts <number>',
      'from so many failed attempts on, a step counts as one that cannot go on',
      attempts,
      10,
    )
    .action(async (given: { repair?: boolean; attempts: number }) => {
      const found = await everything(api(), given.attempts, given.repair === true);
      show(found, () => showFindings(found, given.repair === true));
    });
}

/** Page after page, so that no request takes long. */
async function everything(api: Api, tries: number, repair: boolean): Promise<Findings> {
  const all: Findings = { items: [], examined: 0 };
  for (let after: string | undefined; ;) {
    const page = repair
      ? await api.post(`${PATH}/repairs`, { attempts: tries, ...(after !== undefined && { after }) }, findings)
      : await api.get(`${PATH}/findings`, findings, { attempts: tries, after });
    all.items.push(...page.items);
    all.examined += page.examined;
    if (page.next === undefined) return all;
    after = page.next;
  }
}
