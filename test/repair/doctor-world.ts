import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createApp } from '../../src/api/app.ts';
import { createToken } from '../../src/db/api-tokens.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { createSignIn } from '../../src/identity/sign-in.ts';
import { cliWith } from '../cli/cli.ts';
import { createWorld, type World } from '../support/world.ts';

export interface Finding {
  poison: string;
  subject: { kind: string; id: string };
  words: string;
  remedy: string;
  repaired?: boolean;
}

/** A world with workers and without sweepers, so that nothing heals by itself, and the operators' CLI on its API. */
export interface DoctorWorld {
  world: World;
  /** The name under which repairs are recorded. */
  operator: string;
  check(attempts?: number): Promise<Finding[]>;
  repair(attempts?: number): Promise<Finding[]>;
  /** As a person reads it. */
  says(): Promise<string>;
  close(): Promise<void>;
}

export async function createDoctorWorld(): Promise<DoctorWorld> {
  const world = await createWorld();
  await world.switchOn();
  const { config, pool, client, sources, github, cipher } = world;
  const signIn = createSignIn();
  const authority = createAuthority({ githubApiUrl: world.peer.url, allowHttpLoopback: true });
  const logger = pino({ level: 'silent' });
  const readCounts = () => Promise.reject(new Error('nobody looks first here'));
  const clock = () => new Date();
  const app = createApp({
    config,
    pool,
    temporal: client,
    clock,
    authority,
    signIn,
    github,
    sources,
    cipher,
    logger,
    readCounts,
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = await createToken(pool, { name: 'operator', owner: { role: 'operator' }, actor: 'test', at: clock() });
  const cli = cliWith({ UC_API_URL: url, UC_API_TOKEN: made.token });
  const asked = async (options: string) => (await cli.json<{ items: Finding[] }>(`doctor check${options}`)).items;
  return {
    world,
    operator: `token:${made.id}`,
    check: (attempts = 10) => asked(` --attempts ${attempts}`),
    repair: (attempts = 10) => asked(` --repair --attempts ${attempts}`),
    says: async () => (await cli('doctor check')).out,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await Promise.all([authority.close(), signIn.close()]);
      await world.close();
    },
  };
}
