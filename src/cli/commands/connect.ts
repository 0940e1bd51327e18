import { Argument, type Command } from 'commander';
import { instance } from '../answers.ts';
import { findInstance } from '../look-up.ts';
import type { Session } from '../session.ts';
import { showInstance } from '../show-instance.ts';

const STATES = ['connected', 'disconnected'];

export function connectCommands(program: Command, { api, show }: Session): void {
  const noun = program.command('connect').description('GitHub Connect, which joins an instance to its account');

  noun
    .command('record')
    .description(
      "record whether it is there, for an organization's instance; an enterprise's is read at GitHub.com each hour",
    )
    .argument('<instance>', 'its id or host name')
    .addArgument(new Argument('<state>', 'what is so').choices(STATES))
    .action(async (named: string, state: string) => {
      const { id } = await findInstance(api(), named);
      const body = { connected: state === 'connected' };
      const changed = await api().put(`/api/v1/instances/${id}/connect`, body, instance);
      show(changed, () => showInstance(changed));
    });
}
