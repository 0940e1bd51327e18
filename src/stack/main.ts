import { parseArgs } from 'node:util';
import { seedDemo } from '../../demo/seed.ts';
import { watchRunners } from './ancestors.ts';
import { StackProblem } from './problem.ts';
import { type Ports, type Stack, startStack } from './stack.ts';
import { type DemoLines, welcome } from './welcome.ts';

/**
 * `npm start`: the whole system on the embedded default. `--fresh` erases its data folder first; `--servers` starts
 * PostgreSQL and Temporal alone, for what is done after a restore.
 * DATA_DIR, PORT, POSTGRES_PORT, TEMPORAL_PORT and TEMPORAL_UI_PORT say where; DATABASE_URL and TEMPORAL_ADDRESS name servers of yours.
 */
async function main(): Promise<void> {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.abort());
  watchRunners(() => stopped.abort());
  const ended = new Promise<undefined>((resolve) => {
    stopped.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

  const dataDir = process.env['DATA_DIR'] || '.data';
  const { fresh, servers } = options();
  const stack = await startStack({
    dataDir,
    ports: portsFromEnvironment(process.env),
    fresh,
    ...(servers && { parts: [] }),
    // A person who tries it out looks again at once, and would see a picture of five minutes ago.
    env: { PUBLIC_CACHE: process.env['PUBLIC_CACHE'] || '1s' },
    log: (line) => console.log(line),
    signal: stopped.signal,
  });
  let problem: StackProblem | undefined;
  try {
    // Counted from the start of this process, so with the time that it took to load.
    console.log(servers ? serversAlone(stack) : welcome(stack, await seed(stack, dataDir), performance.now()));
    problem = await Promise.race([ended, stack.failed]);
    console.log('Stopping.');
  } finally {
    await stack.stop();
  }
  if (problem) throw problem;
}

async function seed(stack: Stack, dataDir: string): Promise<DemoLines> {
  const { peers } = stack;
  if (!peers) return { people: [], next: [] };
  try {
    return await seedDemo({ ...stack, peers }, dataDir);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StackProblem(
      `The demo could not be set up (${reason}): start again, or anew with "npm start -- --fresh".`,
    );
  }
}

function serversAlone({ databaseUrl, temporalAddress }: Stack): string {
  const where = databaseUrl.replace(/:[^:@/]*@/, '@');
  return `PostgreSQL (${where}) and Temporal (${temporalAddress}) run, without API and worker. Ctrl-C stops them.`;
}

const OPTIONS = { fresh: { type: 'boolean', default: false }, servers: { type: 'boolean', default: false } } as const;

function options(): { fresh: boolean; servers: boolean } {
  try {
    const { fresh, servers } = parseArgs({ options: OPTIONS }).values;
    return { fresh, servers };
  } catch (error) {
    throw new StackProblem(
      `${error instanceof Error ? error.message : String(error)} The options are --fresh and --servers.`,
    );
  }
}

function portsFromEnvironment(env: NodeJS.ProcessEnv): Ports {
  const postgres = port(env, 'POSTGRES_PORT');
  const temporal = port(env, 'TEMPORAL_PORT');
  const temporalUi = port(env, 'TEMPORAL_UI_PORT');
  return {
    api: port(env, 'PORT') ?? 3000,
    ...(postgres === undefined ? {} : { postgres }),
    ...(temporal === undefined ? {} : { temporal }),
    ...(temporalUi === undefined ? {} : { temporalUi }),
  };
}

function port(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new StackProblem(`${name} is "${text}": set it to a port between 1 and 65535.`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof StackProblem ? error.message : error);
    process.exit(1);
  },
);
