import type { Client } from '@temporalio/client';
import { connectClient } from '../temporal/connect.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** Runs `work` on a connection that is closed before this returns. @throws Failure where Temporal cannot be used */
export async function withTemporal<T>(env: NodeJS.ProcessEnv, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await entered(env);
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

async function entered(env: NodeJS.ProcessEnv): Promise<Client> {
  try {
    const client = await connectClient(env);
    await client.workflowService.describeNamespace({ namespace: client.options.namespace });
    return client;
  } catch (error) {
    throw new Failure(EXIT.unreachable, {
      title: `Temporal at ${env['TEMPORAL_ADDRESS'] ?? 'the address of its configuration'} cannot be used (${(error as Error).name}).`,
      advice: 'check that it runs and that the TEMPORAL_… settings name it and its namespace.',
    });
  }
}
