import type { Measured, Options, Say } from '../measured.ts';
import { measureMemory } from './memory.ts';
import { measureOptOuts } from './opt-outs.ts';
import { createPopulation } from './population.ts';
import { measureRatio } from './ratio.ts';
import { inSetting, type Setting } from './setting.ts';
import { plainSide, temporalSide } from './sides.ts';

const FEW = 0.1;
const MEMORY_ROUNDS = 3;

/** The hourly sync against a plain script, opt-outs during it, and the worker's memory. */
export function measureSync(options: Options, say: Say): Promise<Measured> {
  return inSetting(say, (setting) => measureIn(setting, options, say));
}

async function measureIn(setting: Setting, { users, rounds }: Options, say: Say): Promise<Measured> {
  const { pool, cipher, source } = setting;
  const settings = await settingsOf(setting);
  say(JSON.stringify(settings));
  say(`Registering an instance with ${users} developers who send, and one with a tenth of them.`);
  const register = (hostname: string, first: number, size: number) =>
    createPopulation(pool, cipher, { hostname, baseUrl: source.url }, { first, size });
  const many = await register('many.bench.example', 1, users);
  const few = await register('few.bench.example', users + 1, Math.ceil(users * FEW));
  const temporal = await temporalSide(setting);
  const plain = plainSide(setting);
  try {
    const ratio = await measureRatio(setting, { temporal, plain }, many, rounds, say);
    const memory = await measureMemory(setting, temporal, { few, many }, MEMORY_ROUNDS, say);
    const optOuts = await measureOptOuts(setting, temporal, many, say);
    return {
      figures: [...ratio.figures, ...optOuts.figures, ...memory.figures],
      detail: { settings, ratio: ratio.detail, optOuts: optOuts.detail, memory: memory.detail },
    };
  } finally {
    await plain.stop();
  }
}

async function settingsOf({ pool, client, config }: Setting) {
  const [postgres, { serverVersion }] = await Promise.all([
    pool.query<{ server_version: string }>('show server_version'),
    client.connection.workflowService.getSystemInfo({}),
  ]);
  return {
    postgres: postgres.rows[0]!.server_version,
    temporalServer: serverVersion,
    buckets: config.SYNC_BUCKETS,
    pageSize: config.SYNC_PAGE_SIZE,
    readersAPage: config.SYNC_CONCURRENCY,
  };
}
