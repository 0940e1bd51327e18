import { createApiWorld, type ApiWorld } from '../api/api-world.ts';
import { cliWith, type Cli } from './cli.ts';

export interface CliWorld {
  world: ApiWorld;
  databaseUrl: string;
  /** The CLI with an operator's token that it made itself. */
  cli: Cli;
  close(): Promise<void>;
}

/** The API and its database, and an operator's CLI that is set to both. */
export async function createCliWorld(): Promise<CliWorld> {
  const world = await createApiWorld();
  const databaseUrl = world.deps.config.DATABASE_URL;
  const { token } = await cliWith({ DATABASE_URL: databaseUrl }).json<{ token: string }>('tokens create operator');
  const cli = cliWith({ UC_API_URL: world.url, UC_API_TOKEN: token, DATABASE_URL: databaseUrl });
  return { world, databaseUrl, cli, close: () => world.close() };
}
