import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  loadToken,
  releaseRefreshLease,
  settleRevocation,
  storeRefreshed,
  takeRefreshLease,
  takeRevocations,
  type StoredToken,
} from '../../src/db/connection-tokens.ts';
import { storeToken } from '../../src/db/connections.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { addMs, HOUR_MS } from '../../src/domain/dates.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import type { Source } from '../../src/ports/source.ts';
import { revokeTokens } from '../../src/sweepers/revocations.ts';
import { eventually } from '../support/eventually.ts';
import { AT, createDbWorld, removeIn, type DbWorld } from './db-world.ts';
import { held, waits } from './held.ts';

let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
});
afterEach(() => world.close());

const fresh = (text: string): Omit<StoredToken, 'version'> => {
  const bytes = Buffer.from(text);
  return { ciphertext: bytes, keyId: 'k1', refreshCiphertext: bytes, expiresAt: null };
};

describe('the lease to refresh a token', () => {
  const take = (id: string, version = 1, ms = 60_000) => takeRefreshLease(world.pool, id, version, ms);

  test('is one reader’s, until it is given back', async () => {
    const devi = await world.connect();
    const both = await Promise.all([take(devi), take(devi)]);
    const [lease] = both.filter((one) => one !== undefined);
    expect(both).toContain(undefined);
    expect(await releaseRefreshLease(world.pool, devi, 1, lease!)).toBe(true);
    expect(await take(devi)).toEqual(expect.any(String));
  });

  test('ends by itself where its holder died, who cannot give back the next one’s', async () => {
    const devi = await world.connect();
    const late = await take(devi, 1, 1);
    await eventually(async () => (await take(devi)) !== undefined, 'the end of the lease');
    expect(await releaseRefreshLease(world.pool, devi, 1, late!)).toBe(false);
    expect(await take(devi)).toBeUndefined();
  });

  test('is for the version that is stored, and is gone with it', async () => {
    const devi = await world.connect();
    expect(await take(devi, 2)).toBeUndefined();
    await take(devi);
    expect(await storeRefreshed(world.pool, devi, 1, fresh('new'))).toBe(true);
    expect(await loadToken(world.pool, devi)).toEqual({ ...fresh('new'), version: 2 });
    expect(await take(devi, 2)).toEqual(expect.any(String));
    await storeToken(world.pool, devi, fresh('connected anew'));
    expect(await take(devi, 3)).toEqual(expect.any(String));
  });

  test('keeps a forget waiting for nothing, and a fresh token that comes after it is not kept', async () => {
    const devi = await world.connect();
    await take(devi);
    await world.remove('forget', devi);
    expect(await storeRefreshed(world.pool, devi, 1, fresh('new'))).toBe(false);
    expect((await world.pool.query('select 1 from connection_token')).rows).toEqual([]);
  });

  test('has stored the fresh one a moment before a forget: it is that one which is to be revoked', async () => {
    const devi = await world.connect();
    await take(devi);
    const storing = await held(world.pool, (tx) => storeRefreshed(tx, devi, 1, fresh('new')));
    const forget = inTransaction(world.as('forget'), (tx) => removeIn(tx, 'forget', devi));
    await waits(world.pool, 'forget');
    await storing.commit();
    await forget;
    const { rows } = await world.pool.query('select ciphertext from token_revocation');
    expect(rows).toEqual([{ ciphertext: Buffer.from('new') }]);
  });

  test('gives way to a token that was connected meanwhile', async () => {
    const devi = await world.connect();
    await take(devi);
    await storeToken(world.pool, devi, fresh('connected anew'));
    expect(await storeRefreshed(world.pool, devi, 1, fresh('late'))).toBe(false);
    expect(await loadToken(world.pool, devi)).toEqual({ ...fresh('connected anew'), version: 2 });
  });
});

describe('a link that has ended', () => {
  const queue = async () =>
    (await world.pool.query('select * from token_revocation order by queued_at, connection_id')).rows;
  const take = (asOf = AT, limit = 50) => takeRevocations(world.pool, asOf, limit, addMs(asOf, HOUR_MS));

  test('leaves its ciphertext alone in the queue, for 7 days; nothing else of the token', async () => {
    const devi = await world.connect();
    await world.pool.query(`update connection_token set refresh_ciphertext = 'refresh', expires_at = now()`);
    await world.remove('forget', devi);
    expect((await world.pool.query('select 1 from connection_token')).rows).toEqual([]);
    expect(await queue()).toEqual([
      {
        connection_id: devi,
        instance_id: world.instanceId,
        ciphertext: Buffer.from(`token of ${devi}`),
        key_id: 'k1',
        queued_at: new Date(AT),
        give_up_at: new Date('2027-03-08T12:00:00.000Z'),
        next_try_at: new Date(AT),
        tries: 0,
        outcome: null,
      },
    ]);
  });

  test('is tried once an hour, and by one sweeper at a time', async () => {
    for (const _ of [1, 2, 3]) await world.remove('forget', await world.connect());
    const mine = await held(world.pool, (tx) => takeRevocations(tx, AT, 2, addMs(AT, HOUR_MS)));
    const theirs = await take();
    await mine.commit();
    expect([mine.value.length, theirs.length]).toEqual([2, 1]);
    expect(await take()).toEqual([]);
    expect(await take(addMs(AT, HOUR_MS))).toHaveLength(3);
    expect((await queue()).map((row) => row.tries)).toEqual([2, 2, 2]);
  });

  test.each(['revoked', 'gave_up', 'already_invalid'] as const)(
    'loses its ciphertext with the outcome %s',
    async (outcome) => {
      const devi = await world.connect();
      await world.remove('forget', devi);
      await settleRevocation(world.pool, devi, outcome);
      expect(await queue()).toMatchObject([{ outcome, ciphertext: null }]);
      expect(await take(addMs(AT, 30 * 24 * HOUR_MS))).toEqual([]);
    },
  );

  test('whose token no key opens any more keeps no other waiting, and is given up in its time', async () => {
    const cipher = createTokenCipher(`k1:${randomBytes(32).toString('base64')}`);
    const [unreadable, good] = [await world.connect(), await world.connect()];
    const secret = cipher.seal('secret', world.instanceId);
    await world.pool.query(
      `update instance set oauth_client_id = 'app', oauth_secret_ciphertext = $1, oauth_secret_key_id = 'k1'`,
      [secret.ciphertext],
    );
    await world.pool.query('update connection_token set ciphertext = $2 where connection_id = $1', [
      good,
      cipher.seal('gho_good', good).ciphertext,
    ]);
    for (const id of [unreadable, good]) await world.remove('forget', id);
    await world.pool.query(
      `update token_revocation set next_try_at = next_try_at - interval '1 s' where connection_id = $1`,
      [unreadable],
    );
    const revoked: string[] = [];
    const revoke: Source['revoke'] = async (_, token) => {
      revoked.push(token);
      return { ok: true, already: false };
    };
    const sources = { ghes: { revoke, tokensRevocable: true }, gitea: { tokensRevocable: false } } as never;
    await revokeTokens({ pool: world.pool, sources, cipher, clock: () => new Date(AT) });
    expect(revoked).toEqual(['gho_good']);
    const later = new Date('2027-03-08T12:00:00.000Z');
    await revokeTokens({ pool: world.pool, sources, cipher, clock: () => later });
    expect(new Map((await queue()).map((row) => [row.connection_id, row.outcome]))).toEqual(
      new Map([
        [unreadable, 'gave_up'],
        [good, 'revoked'],
      ]),
    );
  });
});
