import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Client } from 'pg';
import { StackProblem } from './problem.ts';

const CONNECT_LIMIT_MS = 5_000;

/** Throws a StackProblem unless a PostgreSQL answers there; the sentence names the host and never the password. */
export async function assertDatabaseAnswers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
  try {
    await client.connect();
    await client.end();
  } catch (error) {
    throw new StackProblem(
      `DATABASE_URL names a PostgreSQL at ${client.host}:${client.port} that cannot be used (${reason(error)}): start it or correct DATABASE_URL, or unset it for the embedded one.`,
    );
  }
}

/** Whether the environment names a Temporal server, as `@temporalio/envconfig` reads it. */
export function namesTemporal(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['TEMPORAL_ADDRESS'] || env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE']);
}

/** The address of the Temporal server that the environment names; throws a StackProblem unless its namespace answers. */
export async function findExternalTemporal(env: NodeJS.ProcessEnv): Promise<string> {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars });
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: CONNECT_LIMIT_MS });
    try {
      await connection.workflowService.describeNamespace({ namespace });
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw new StackProblem(
      `TEMPORAL_ADDRESS names a server at ${address} whose namespace "${namespace}" cannot be used (${reason(error)}): start it or correct the settings, or unset them for the embedded one.`,
    );
  }
  return address;
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return reason(error.errors[0]);
  return error instanceof Error ? (error.message.split('\n', 1)[0] ?? error.name) : String(error);
}
