import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { StackProblem } from '../src/stack/problem.ts';
import { machine } from './machine.ts';
import type { Figure, Measured, Options, Say } from './measured.ts';

const MEASURES: Record<string, (options: Options, say: Say) => Promise<Measured>> = {
  sync: async (options, say) => (await import('./sync/sync.ts')).measureSync(options, say),
  ledger: async (options, say) => (await import('./ledger/ledger.ts')).measureLedger(options, say),
};
const RESULTS = new URL('results/', import.meta.url);

/**
 * `npm run bench`: measures on real servers of its own and says which promises held. `--only sync` or `--only ledger`,
 * `--users N`, `--rounds R`. Exit code 0 when it ran; the last line is a JSON list of `{name, goal, value, ok}`.
 */
async function main(): Promise<void> {
  const { only, ...options } = chosen();
  const say: Say = (line) => console.log(line);
  const about = machine();
  say(
    Object.entries(about)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  const figures: Figure[] = [];
  for (const name of only) {
    say(`\n# ${name}`);
    const measured = await MEASURES[name]!(options, say);
    figures.push(...measured.figures);
    const file = `${name}-${options.users}.json`;
    keep(file, { at: new Date().toISOString(), machine: about, ...measured });
    say(`All of it is in bench/results/${file}.`);
  }
  say('');
  for (const { name, goal, value, ok } of figures) say(`${ok ? 'held  ' : 'FAILED'} ${name}: ${value} (goal ${goal})`);
  console.log(JSON.stringify(figures));
}

function chosen(): Options & { only: string[] } {
  const values = given();
  if (values.only !== undefined && !(values.only in MEASURES)) {
    throw new StackProblem(
      `There is no measure "${values.only}": --only is one of ${Object.keys(MEASURES).join(', ')}.`,
    );
  }
  return {
    only: values.only === undefined ? Object.keys(MEASURES) : [values.only],
    users: whole('users', values.users, 100),
    rounds: whole('rounds', values.rounds, 1),
    today: values.today,
    history: values.history.split(',').map(Number),
  };
}

function given() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        users: { type: 'string', default: '20000' },
        rounds: { type: 'string', default: '5' },
        // a window within one year; 2028-01-31 is one that straddles
        today: { type: 'string', default: '2027-11-15' },
        history: { type: 'string', default: '90,365' },
      },
    }).values;
  } catch (error) {
    throw new StackProblem(`${error instanceof Error ? error.message : String(error)} See bench/README.md.`);
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new StackProblem(`--${name} is "${text}": give a whole number, ${least} or more.`);
}

function keep(file: string, content: unknown): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(file, RESULTS), `${JSON.stringify(content, null, 2)}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof StackProblem ? error.message : error);
    process.exit(1);
  },
);
