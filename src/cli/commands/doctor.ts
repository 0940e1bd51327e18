import type { Command } from 'commander';
import { schedule } from '../answers.ts';
import { uuid } from '../arguments.ts';
import { examination } from '../examination.ts';
import type { Session } from '../session.ts';
import { showExamination } from '../show-examination.ts';

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
}
