import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { refreshLocked, settleRevocation, takeRevocations, type StoredToken } from '../../src/db/connection-tokens.ts';
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

describe('refreshing a token', () => {
  test('is done once by two that find it due: the second gets what the first has stored', async () => {
    const devi = await world.connect();
    let letGo = () => {};
    const answered = new Promise<void>((resolve) => (letGo = resolve));
    const first = refreshLocked(world.as('first'), devi, async () => {
      await answered;
      return fresh('new');
    });
    await locked(devi);
    let found: StoredToken | undefined;
    const second = refreshLocked(world.as('second'), devi, async (current) => {
      found = current;
      return undefined;
    });
    await waits(world.pool, 'second');
    letGo();
    expect(await first).toEqual({ ...fresh('new'), version: 2 });
    expect(await second).toEqual({ ...fresh('new'), version: 2 });
    expect(found).toEqual({ ...fresh('new'), version: 2 });
  });

  test('that fails keeps the token that was there', async () => {
    const devi = await world.connect();
    const before = await refreshLocked(world.pool, devi, async () => undefined);
    const failing = refreshLocked(world.pool, devi, () => Promise.reject(new Error('the instance is down')));
    await expect(failing).rejects.toThrow('the instance is down');
    expect(await refreshLocked(world.pool, devi, async () => undefined)).toEqual(before);
  });

  test('finds nothing to refresh where the link was erased while it waited', async () => {
    const devi = await world.connect();
    const forget = await held(world.pool, (tx) => removeIn(tx, 'forget', devi));
    const refreshed = refreshLocked(world.as('refresh'), devi, async () => fresh('new'));
    await waits(world.pool, 'refresh');
    await forget.commit();
    expect(await refreshed).toBeUndefined();
    expect((await world.pool.query('select 1 from connection_token')).rows).toEqual([]);
  });
});

function locked(connectionId: string): Promise<void> {
  const probe = 'select 1 from connection_token where connection_id = $1 for update skip locked';
  return eventually(
    async () => (await world.pool.query(probe, [connectionId])).rowCount === 0,
    'the lock on the token',
  );
}

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
    const sources = { ghes: { revoke }, gitea: { revoke } } as never;
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
