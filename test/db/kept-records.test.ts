import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createToken, revokeToken } from '../../src/db/api-tokens.ts';
import { recordAudit } from '../../src/db/audit.ts';
import { keptHorizon } from '../../src/db/kept-horizon.ts';
import { KEPT_ACTIONS, recordsBetween, unknownActs, type KeptAct } from '../../src/db/kept-records.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { closeGateAgain } from '../../src/db/reapply-sharing.ts';
import { AT, createDbWorld, moveIn, WINDOW_MS, type DbWorld } from './db-world.ts';
import { held, waits } from './held.ts';

let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
});
afterEach(() => world.close());

const kept = async (after = 0) => recordsBetween(world.pool, after, (await keptHorizon(world.pool)).audit, 100);
const now = async () => (await keptHorizon(world.pool)).audit;

describe('what is exported besides receipts', () => {
  test('are removals from when they are accepted', async () => {
    const [a, b, c] = [await world.sending(), await world.sending(), await world.sending()];
    await world.remove('forget', a);
    await world.remove('opt_out', b);
    await inTransaction(world.pool, (tx) => moveIn(tx, c));
    const { instanceId } = world;
    await world.switchSide('account', false);
    expect(await kept()).toMatchObject([
      { act: 'forget', subjectId: a, generation: 3, cause: 'forgotten', at: AT },
      { act: 'opt_out', subjectId: b, generation: 3, cause: 'opted_out', at: AT },
      { act: 'move', subjectId: c, generation: 3, cause: 'moved', at: AT },
      { act: 'turn_off', subjectId: instanceId, generation: 1, cause: 'sharing.account_side_disabled', at: AT },
    ]);
  });

  test('is access that was revoked, whether or not that turned anything off', async () => {
    const { instanceId } = world;
    await world.switchSide('account', false);
    await world.sharing({ type: 'revoke' });
    await world.sharing({ type: 'verified' });
    await world.sharing({ type: 'approve' });
    await world.sharing({ type: 'revoke' });
    const revoked = { withdrawal: 'sharing.revoked', subjectId: instanceId, generation: 1 };
    expect((await kept()).slice(1)).toMatchObject([revoked, revoked]);
    const other = await world.elsewhere();
    const after = await now();
    await other.sharing({ type: 'revoke' });
    expect(await kept(after)).toMatchObject([
      { act: 'turn_off', subjectId: other.instanceId, generation: 1, cause: 'sharing.revoked' },
    ]);
  });

  test('is a side that was switched off while sharing was off already', async () => {
    await world.switchSide('account', false);
    await world.sharing({ type: 'verified' });
    const after = await now();
    await world.switchSide('instance', false);
    expect(await kept(after)).toMatchObject([{ withdrawal: 'sharing.instance_side_disabled', generation: 1 }]);
  });

  test('is a loss of GitHub Connect that turned off', async () => {
    const after = await now();
    for (const at of ['2027-03-01T12:00:00.000Z', '2027-03-02T12:00:00.000Z', '2027-03-03T12:00:00.000Z'])
      await world.sharing({ type: 'look', connected: false, at }, at);
    expect(await kept(after)).toMatchObject([{ act: 'turn_off', cause: 'sharing.connect_lost' }]);
  });

  test('is a gate that a restore has closed again, as of when it was closed', async () => {
    const by = { actor: 'cli', at: '2027-03-02T00:00:00.000Z', restoreWindowMs: WINDOW_MS };
    const act = { seq: 77, act: 'turn_off', subjectId: world.instanceId, generation: 1 } as const;
    await closeGateAgain(world.pool, { ...act, cause: 'sharing.revoked', at: AT }, by);
    expect(await kept()).toEqual([{ ...act, cause: 'sharing.revoked', at: AT, seq: expect.any(Number) }]);
  });

  test('is an API token that was revoked', async () => {
    const owner = { role: 'operator' } as const;
    const { id } = await createToken(world.pool, { name: 'x', owner, actor: 'test', at: new Date(AT) });
    await revokeToken(world.pool, id, { actor: 'test', at: new Date(AT) });
    expect(await kept()).toMatchObject([{ withdrawal: 'token.revoked', subjectId: id, generation: null }]);
  });
});

test('of acts the database needs no telling that it has, nor of whom it does not know', async () => {
  const devi = await world.sending();
  const emil = await world.sending();
  await world.remove('opt_out', devi);
  await world.switchSide('account', false);
  const at = { seq: 1, cause: 'x', at: AT };
  const acts: KeptAct[] = [
    { ...at, act: 'opt_out', subjectId: devi, generation: 3 },
    { ...at, seq: 2, act: 'opt_out', subjectId: emil, generation: 3 },
    { ...at, seq: 3, act: 'turn_off', subjectId: world.instanceId, generation: 1 },
    { ...at, seq: 4, act: 'turn_off', subjectId: world.instanceId, generation: 2 },
    { ...at, seq: 5, act: 'forget', subjectId: randomUUID(), generation: 2 },
  ];
  expect((await unknownActs(world.pool, acts)).map((one) => one.seq)).toEqual([2, 4]);
});

test('they are found by an index that holds them alone', async () => {
  const { rows } = await world.pool.query<{ indexdef: string }>(
    `select indexdef from pg_indexes where indexname = 'audit_kept'`,
  );
  const indexed = [...rows[0]!.indexdef.matchAll(/'([a-z_.]+)'/g)].map((match) => match[1]);
  expect(new Set(indexed)).toEqual(new Set(KEPT_ACTIONS));
  const record = { subjectKind: 'sync', actor: 'test', at: AT, action: 'sync.paused' } as const;
  await inTransaction(world.pool, async (tx) => {
    for (let count = 0; count < 500; count += 1) await recordAudit(tx, { ...record, subjectId: randomUUID() });
  });
  await world.pool.query('analyze audit');
  const asked: string[] = [];
  const listening = { query: (text: string) => (asked.push(text), { rows: [] }) };
  await recordsBetween(listening as never, 0, 1, 1);
  const plan = await world.pool.query<{ 'QUERY PLAN': string }>(`explain ${asked[0]}`, [0, 1e15, 100]);
  expect(plan.rows.map((line) => line['QUERY PLAN']).join('\n')).toContain('Index Scan using audit_kept');
});

test('a transaction that hangs holds the export up, and nobody who acts', async () => {
  const [devi, emil] = [await world.sending(), await world.sending()];
  const after = await now();
  const hangs = await held(world.pool, (tx) =>
    recordAudit(tx, { subjectKind: 'sync', subjectId: randomUUID(), action: 'sync.paused', actor: 'test', at: AT }),
  );
  const horizon = keptHorizon(world.as('exporter'));
  await waits(world.pool, 'exporter');
  // Each of them waits behind the exporter, until that gives way.
  await world.remove('opt_out', devi);
  await world.remove('opt_out', emil);
  await hangs.commit();
  const acts = await recordsBetween(world.pool, after, (await horizon).audit, 100);
  expect(acts).toHaveLength(2);
});
