import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { StackProblem } from '../src/stack/problem.ts';
import type { Violation } from './checks/check.ts';
import { createCast } from './load/cast.ts';
import { runLoad } from './load/load.ts';
import { randomOf } from './random.ts';
import { playRound, type Stage } from './round.ts';
import { setUp } from './setting.ts';

/** So long all goes well, so that there is something to break. */
const BEGINS_MS = 6_000;

interface Options {
  rounds: number;
  seed: string;
  /** Started below itself, with mounts that nobody else sees. */
  ownMounts: boolean;
}

/**
 * `npm run chaos`: breaks a whole system of its own on purpose and looks whether anything was lost or came back.
 * `--rounds N`, `--seed S`. Exit code 1 with violations; then the folder with logs and data stays.
 */
async function main(): Promise<number> {
  const options = chosen();
  if (!options.ownMounts && mayMount()) return belowOwnMounts();
  return run(options);
}

async function run({ rounds, seed, ownMounts }: Options): Promise<number> {
  const say = (line: string) => console.log(line);
  say(`Seed ${seed}, ${rounds} rounds.`);
  const total = { faults: 0, skipped: 0, checks: 0, violations: 0 };
  const setting = await setUp(ownMounts, say);
  const log = join(setting.dataDir, 'logs', 'violations.jsonl');
  try {
    await setting.pool.query(readFileSync(new URL('checks/observer.sql', import.meta.url), 'utf8'));
    const complaints: Violation[] = [];
    const complain = (expected: string, facts: object) => void complaints.push({ expected, facts });
    const stage: Stage = { setting, cast: await createCast(setting, complain), say, complaints };
    say('Everybody begins.');
    await runLoad(stage.cast, randomOf(`${seed}/before`), Date.now() + BEGINS_MS, complain);
    for (let round = 1; round <= rounds; round += 1) {
      const begun = Date.now();
      say(`Round ${round}`);
      const { faults, skipped, checked, violations } = await playRound(stage, randomOf(`${seed}/round ${round}`));
      total.faults += faults;
      total.skipped += skipped;
      total.checks += checked;
      total.violations += violations.length;
      for (const { expected, facts } of violations) {
        appendFileSync(log, `${JSON.stringify({ seed, round, expected, facts })}\n`);
        say(`VIOLATION seed ${seed}, round ${round}: expected ${expected}; found ${JSON.stringify(facts)}`);
      }
      say(
        `  ${faults} faults, ${checked} checks, ${violations.length} violations in ${((Date.now() - begun) / 1000).toFixed(1)} s`,
      );
    }
  } catch (error) {
    total.violations += 1;
    say(`VIOLATION seed ${seed}: it broke off: ${error instanceof Error ? error.stack : String(error)}`);
  }
  const erase = await setting.stop();
  if (total.violations === 0) erase();
  else say(`Logs, journal and data stay in ${setting.dataDir}.`);
  if (total.skipped > 0) say(`${total.skipped} faults were skipped, because this machine does not let us.`);
  say(`${rounds} rounds, ${total.faults} faults, ${total.checks} checks, ${total.violations} violations`);
  return total.violations === 0 ? 0 : 1;
}

function chosen(): Options {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      'own-mounts': { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new StackProblem(`--rounds is "${values.rounds}": give a whole number, 1 or more.`);
  }
  return { rounds, seed: values.seed, ownMounts: values['own-mounts'] };
}

const OWN_MOUNTS = ['--mount', '--propagation', 'private'];

function mayMount(): boolean {
  const tried = spawnSync('unshare', [...OWN_MOUNTS, 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' });
  return tried.status === 0;
}

/** The same again, as a child whose mounts end with it. */
function belowOwnMounts(): Promise<number> {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--own-mounts'];
  const child = spawn('unshare', [...OWN_MOUNTS, ...again], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof StackProblem ? error.message : error);
    process.exit(1);
  },
);
