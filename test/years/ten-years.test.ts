import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { receiptsOf } from '../../src/db/removals.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import { windowAt } from '../../src/domain/window.ts';
import { connectionWorkflowId } from '../../src/workflows/ids.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

let env: TestWorkflowEnvironment;
let world: World;
beforeAll(async () => {
  env = await timeSkippingEnv();
  world = await createWorld({ env });
  await world.switchOn();
}, 60_000);
afterAll(async () => {
  await world.close();
  await env.teardown();
});

const YEARS = 10;
/** Ends of years and of Februaries, nights on which clocks change, and enough between them that no day is missed. */
const MOMENTS = ['01-01', '02-28', '02-29', '03-01', '03-29', '05-31', '07-15', '09-01', '10-25', '11-30', '12-31'];
/** Makes a workflow continue as new; with those of the acts under way, no run becomes longer than twice that. */
const MAX_EVENTS = 300;

function momentsAfter(first: string): string[] {
  const year = Number(first.slice(0, 4));
  const years = Array.from({ length: YEARS + 1 }, (_, at) => year + at);
  return years
    .flatMap((one) => MOMENTS.map((day) => `${one}-${day}T12:00:00.000Z`))
    .filter((at) => new Date(at).toISOString() === at && at > first && at < `${year + YEARS}${first.slice(4)}`);
}

async function windowOfSource(key: string): Promise<{ date: string; count: number }[]> {
  const { from, to } = windowAt(await world.now());
  return world.peer.contributions.between(key, from, to);
}

async function history(developer: Developer) {
  const { events } = await world.client.workflow.getHandle(connectionWorkflowId(developer.id)).fetchHistory();
  const started = events![0]!.workflowExecutionStartedEventAttributes!;
  const input = started.input!.payloads!.reduce((size, { data }) => size + data!.length, 0);
  return { events: events!.length, input, isContinued: !!started.continuedExecutionRunId };
}

async function leave(developer: Developer): Promise<void> {
  await developer.optOut();
  await developer.until('restorable');
}

test('ten years of leaving and coming back leave nothing behind but receipts, and ten years of sending every day', async () => {
  const [devi, emil] = [await world.connect('devi', MAX_EVENTS), await world.connect('emil', MAX_EVENTS)];
  for (const one of [devi, emil]) {
    await one.until('connected');
    await one.send();
    await eventually(async () => (await one.counts()).length > 0, 'the first counts');
  }
  const first = await world.now();
  const moments = momentsAfter(first);
  for (const at of moments) {
    await world.sleep(`${Date.parse(at) - Date.parse(await world.now())}ms`);
    // Whoever comes back may change their mind before the counts are there again.
    await leave(devi);
    await devi.reconnect();
    await leave(devi);
    expect(await devi.counts()).toEqual([]);
    await Promise.all([devi.reconnect(), emil.updateNow()]);
    await devi.until('sending');
    expect(await devi.counts()).toEqual(await windowOfSource('devi'));
  }
  const last = utcDay(await world.now());
  expect(await emil.counts()).toEqual(
    world.peer.contributions.between('emil', addDays(utcDay(first), -90), addDays(last, 1)),
  );

  const receipts = await receiptsOf(world.pool, devi.id);
  expect(receipts.length).toBeGreaterThanOrEqual(200);
  expect(receipts.map(({ askedAt }) => askedAt.slice(0, 10))).toEqual(
    moments.flatMap((at) => [at.slice(0, 10), at.slice(0, 10)]),
  );
  for (const one of receipts) expect(one).toMatchObject({ cause: 'opted_out', itemsLeft: 0 });
  for (const one of [devi, emil]) {
    const { events, input, isContinued } = await history(one);
    expect(isContinued).toBe(true);
    expect(events).toBeLessThan(2 * MAX_EVENTS);
    // Fifty remembered answers, and no more than that.
    expect(input).toBeLessThan(10_000);
  }
  const { rows } = await world.pool.query(
    `select (select count(*) from connection)::int as connections, (select count(*) from connection_token)::int as tokens,
       (select count(*) from intent where done_at is null)::int as intents,
       (select count(*) from sync_failure)::int as failures, (select count(*) from sighting)::int as sightings,
       (select count(*) from token_revocation)::int as revocations, (select max(n) from (
         select count(*)::int as n from ledger group by connection_id) years)::int as years`,
  );
  expect(rows).toEqual([
    { connections: 2, tokens: 2, intents: 0, failures: 0, sightings: 0, revocations: 0, years: YEARS + 1 },
  ]);

  await devi.optOut();
  await devi.until('restorable');
  await world.sleep('91 days');
  await devi.until('ended');
  expect(await receiptsOf(world.pool, devi.id)).toHaveLength(2 * moments.length + 1);
  expect(await emil.status()).toBe('sending');
}, 480_000);
