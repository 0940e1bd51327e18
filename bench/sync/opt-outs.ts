import { setTimeout as delay } from 'node:timers/promises';
import { createApi, ok, type Api } from '../../demo/story/api.ts';
import type { Receipts } from '../../demo/story/people.ts';
import { createToken } from '../../src/db/api-tokens.ts';
import { connectionWorkflowId } from '../../src/workflows/ids.ts';
import { stateQuery } from '../../src/workflows/connection.messages.ts';
import { wakeConnection } from '../../src/temporal/deliver.ts';
import { atMost, type Say } from '../measured.ts';
import { percentile, spreadOf } from '../statistics.ts';
import { CREATED_AT, githubUserOf, type Developer, type Population } from './population.ts';
import type { Setting } from './setting.ts';
import type { Side } from './sides.ts';
import { verifyLedger } from './verify.ts';

const GOAL_MS = 2_000;
/** Enough for the 99th percentile not to be the slowest alone. */
const OPT_OUTS = 120;
const EVERY_MS = 400;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 30_000;

interface OptOut {
  /** Until the answer, whose fence is committed. */
  answeredMs: number;
  /** Until a caller can read its receipt. */
  receiptedMs: number;
}

/**
 * Developers opt out by the API, one after the other at a fixed pace whatever became of the one before, while runs in
 * which every developer has a changed day follow one another.
 */
export async function measureOptOuts(setting: Setting, side: Side, population: Population, say: Say) {
  const { source, pool } = setting;
  const leavers = await prepare(setting, population);
  say(`${leavers.length} developers opt out, one each ${EVERY_MS} ms, while runs that change everybody are under way.`);
  const runs = endlessRuns(
    () => source.changes(1),
    () => side.sync(population.instanceId),
  );
  const paced = leavers.map(async (leaver, at) => {
    await delay(at * EVERY_MS);
    await runs.underWay();
    return optOut(setting, leaver);
  });
  const all = await Promise.all(paced);
  const count = await runs.end();
  await verifyLedger(pool, source, population.developers, new Set(leavers.map(({ id }) => id)));

  const answered = all.map(({ answeredMs }) => answeredMs);
  const receipted = all.map(({ receiptedMs }) => receiptedMs);
  const p99 = { answered: percentile(answered, 0.99), receipted: percentile(receipted, 0.99) };
  say(
    `opt-outs during ${count} runs: answered ${words(answered)}, verified and receipted ${words(receipted)}; nothing of them is left`,
  );
  return {
    figures: [
      atMost('opt-out-p99-ms', GOAL_MS, Math.round(p99.receipted)),
      atMost('opt-out-answer-p99-ms', GOAL_MS, Math.round(p99.answered)),
    ],
    detail: { runs: count, answeredMs: spreadOf(answered), receiptedMs: spreadOf(receipted), p99, all },
  };
}

const words = (ms: number[]) =>
  `median ${Math.round(percentile(ms, 0.5))} ms, p99 ${Math.round(percentile(ms, 0.99))} ms, most ${Math.round(Math.max(...ms))} ms`;

/** Who opts out, spread over the whole instance, with an API token and with the workflow that a connected developer has. */
async function prepare({ pool, stack, client, config }: Setting, { instanceId, developers }: Population) {
  const step = Math.max(5, Math.floor(developers.length / OPT_OUTS));
  const chosen = developers.filter((_, at) => at % step === 0).slice(0, OPT_OUTS);
  const leavers: (Developer & { api: Api })[] = [];
  for (const { id, user } of chosen) {
    const person = { instanceId, source: { userId: user, createdAt: CREATED_AT }, githubUserId: githubUserOf(user) };
    const owner = { role: 'person', person } as const;
    const { token } = await createToken(pool, { name: 'bench', owner, actor: 'bench', at: new Date() });
    await wakeConnection(client, id, config.TASK_QUEUE_PEOPLE);
    leavers.push({ id, user, api: createApi(stack.apiUrl, token) });
  }
  for (const { id } of leavers) await client.workflow.getHandle(connectionWorkflowId(id)).query(stateQuery);
  return leavers;
}

async function optOut({ pool }: Setting, { id, api }: { id: string; api: Api }): Promise<OptOut> {
  const began = performance.now();
  const answer = await api.post(`/api/v1/connections/${id}/opt-out`);
  const answeredMs = performance.now() - began;
  if (answer.status !== 202)
    throw new Error(`An opt-out was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const { rowCount } = await pool.query(
    'select 1 from connection where id = $1 and generation > 1 and restore_until is not null',
    [id],
  );
  if (rowCount !== 1) throw new Error('An opt-out was answered before its fence was committed.');
  for (;;) {
    const { deletionPending, items } = ok(await api.get<Receipts>(`/api/v1/receipts/${id}`));
    const receiptedMs = performance.now() - began;
    if (!deletionPending && items.length === 1) return { answeredMs, receiptedMs };
    if (receiptedMs > PATIENCE_MS) throw new Error(`An opt-out has no receipt after ${PATIENCE_MS / 1000} s.`);
    await delay(LOOK_EVERY_MS);
  }
}

/** One run after the other until `end`, which lets the last one finish and tells how many there were. */
function endlessRuns(before: () => Promise<void>, run: () => Promise<void>) {
  const over = new AbortController();
  const now = { underWay: false, ended: 0 };
  const all = (async () => {
    while (!over.signal.aborted) {
      await before();
      now.underWay = true;
      await run();
      now.underWay = false;
      now.ended += 1;
    }
  })();
  // Whoever waits below is told; the end is told in any case.
  all.catch(() => {});
  return {
    /** Waits out the moment between two. */
    async underWay() {
      while (!now.underWay) await Promise.race([delay(1), all]);
    },
    async end() {
      over.abort();
      await all;
      return now.ended;
    },
  };
}
