import { setTimeout as delay } from 'node:timers/promises';
import { CHECKS, LOOKS_ONCE } from './checks/index.ts';
import type { Outcome, Violation } from './checks/check.ts';
import { POINT_FAULTS, TIMED_FAULTS } from './faults/index.ts';
import type { Begun, Fault } from './faults/fault.ts';
import { runAfter, untilHealed, untilUp } from './heal.ts';
import type { Cast } from './load/cast.ts';
import { insist } from './load/developer.ts';
import { changeKeys } from './load/keys.ts';
import { runLoad } from './load/load.ts';
import type { Random } from './random.ts';
import type { Setting } from './setting.ts';

const LOAD_MS = 7_000;
/** Now and then longer than a heartbeat is waited for, so that an attempt wakes up when another has taken its place. */
const LONG_LOAD_MS = 32_000;
const LONG = 0.1;
/** Faults begin after a while and end before the load does, some of them only then. */
const FAULTS_FROM_MS = 500;
/** As long as a step may be waited for whose worker died: 30 seconds, and the attempt that follows. */
const SETTLES_WITHIN_MS = 40_000;
const LOOKS_EVERY_MS = 2_000;
const LAST_MS = { least: 300, most: 4_000 };
const LAST_LONG_MS = { least: 21_000, most: 26_000 };

export interface Stage {
  setting: Setting;
  cast: Cast;
  say: (line: string) => void;
  /** What was seen while it happened. */
  complaints: Violation[];
}

export interface RoundOutcome extends Outcome {
  faults: number;
  skipped: number;
}

/** Load and faults; then the faults end, all heals without a hand, and everything is looked at from outside. */
export async function playRound(stage: Stage, random: Random): Promise<RoundOutcome> {
  const { setting, cast, say, complaints } = stage;
  complaints.length = 0;
  const isLong = random.chance(LONG);
  const until = Date.now() + (isLong ? LONG_LOAD_MS : LOAD_MS);
  const lasting = isLong ? LAST_LONG_MS : LAST_MS;
  const breaking = breakThings(stage, random.fork('faults'), until, lasting);
  const complain = (expected: string, facts: object) => void complaints.push({ expected, facts });
  await Promise.all([runLoad(cast, random.fork('load'), until, complain), changeKeys(setting, until)]);
  const { faults, skipped } = await breaking;

  const begun = Date.now();
  await untilUp(setting);
  await askAgain(cast, random.fork('again'));
  const violations = [...complaints, ...(await untilHealed(setting))];
  say(`  healed after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  let checked = 1;
  const { run, succeeded } = await runAfter(setting, cast);
  if (succeeded) {
    const world = () => ({ setting, cast, run, random: random.fork('checks') });
    const outcomes: Outcome[] = [];
    for (const check of CHECKS) outcomes.push(await settled(() => check(world())));
    for (const check of LOOKS_ONCE) outcomes.push(await check(world()));
    checked += outcomes.reduce((sum, outcome) => sum + outcome.checked, 0);
    violations.push(...outcomes.flatMap((outcome) => outcome.violations));
  } else {
    violations.push({ expected: 'a run to succeed after the faults have ended', facts: run });
  }
  // What was written ahead does not fill the disk by itself.
  await setting.pool.query('checkpoint');
  return { faults, skipped, checked, violations };
}

/**
 * What is violated stays so. A window to come back may end just now, though, or a step be on its way that is written and
 * not yet acknowledged: that is gone at another look.
 */
async function settled(check: () => Promise<Outcome>): Promise<Outcome> {
  for (const until = Date.now() + SETTLES_WITHIN_MS; ;) {
    const outcome = await check();
    if (outcome.violations.length === 0 || Date.now() > until) return outcome;
    await delay(LOOKS_EVERY_MS);
  }
}

async function breakThings({ setting, say }: Stage, random: Random, untilMs: number, lasting: typeof LAST_MS) {
  let faults = 0;
  let skipped = 0;
  const one = async (fault: Fault, fromMs: number, lastsMs: number) => {
    await delay(fromMs);
    const begun = await fault.begin(setting, random);
    if (begun === 'skipped') {
      skipped += 1;
      return say(`  skipped: ${fault.name}`);
    }
    await delay(Math.max(0, Math.min(lastsMs, untilMs - Date.now())));
    await begun.end();
    if (happened(begun)) faults += 1;
    say(`  ${begun.what}`);
  };
  const timed = Array.from({ length: random.between(1, 3) }, () =>
    one(
      random.weighted(TIMED_FAULTS),
      random.between(FAULTS_FROM_MS, LOAD_MS - 300),
      random.between(lasting.least, lasting.most),
    ),
  );
  const points = Array.from({ length: random.between(1, 2) }, () =>
    one(random.weighted(POINT_FAULTS), 0, untilMs - Date.now()),
  );
  await Promise.all([...timed, ...points]);
  return { faults, skipped };
}

const happened = ({ what }: Begun) => !what.startsWith('not reached');

/** Whoever has no answer yet asks again; who is told to come later does so in the next round. */
async function askAgain({ developers, staff }: Cast, random: Random): Promise<void> {
  for (const developer of developers) if (developer.open) await insist(developer, random);
  for (const one of staff) if (one.open) await one.act(random);
}
