import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eraseLinks } from '../../src/db/erase-links.ts';
import { loadToken, storeRefreshed } from '../../src/db/connection-tokens.ts';
import { storeToken } from '../../src/db/connections.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { rotateKeys } from '../../src/db/rotate-keys.ts';
import { keysInUse, SEALED_COLUMNS } from '../../src/db/sealed-columns.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import { newKey } from '../support/audit-seal.ts';
import { AT, createDbWorld, type DbWorld } from './db-world.ts';
import { held, waits } from './held.ts';

const [k1, k2] = [newKey('k1'), newKey('k2')];
const older = createTokenCipher(k1);
const newer = createTokenCipher(`${k2},${k1}`);
let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
});
afterEach(() => world.close());

const sealedBy = (cipher: typeof older, id: string, token: string) => {
  const { ciphertext, keyId } = cipher.seal(token, id);
  return { ciphertext, keyId, refreshCiphertext: cipher.seal(`${token} refresh`, id).ciphertext, expiresAt: null };
};

/** A connection whose token the older key has sealed. */
async function connects(): Promise<string> {
  const id = await world.connect();
  await storeToken(world.pool, id, sealedBy(older, id, `token of ${id}`));
  return id;
}

async function tokenOf(id: string) {
  const stored = (await loadToken(world.pool, id))!;
  return {
    keyId: stored.keyId,
    version: stored.version,
    token: newer.open(stored.ciphertext, stored.keyId, id),
    refresh: newer.open(stored.refreshCiphertext!, stored.keyId, id),
  };
}

const onlyNewer = async () => (await keysInUse(world.pool)).map(({ keyId }) => keyId);

describe('a change of keys', () => {
  test('knows every column that holds a ciphertext', async () => {
    const { rows } = await world.pool.query<{ name: string }>(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and (column_name like '%ciphertext' or column_name like '%key_id')
         and table_name <> 'audit'`,
    );
    const listed = SEALED_COLUMNS.flatMap(({ table, keyId, ciphertexts }) =>
      [keyId, ...ciphertexts].map((column) => `${table}.${column}`),
    );
    expect(rows.map(({ name }) => name).toSorted()).toEqual(listed.toSorted());
  });

  test('seals everything anew, for the same ids, and says that the old key is not used any more', async () => {
    const id = await connects();
    const gone = await connects();
    await inTransaction(world.pool, (tx) => eraseLinks(tx, [gone], AT));
    const heldId = randomUUID();
    await world.pool.query(
      `insert into held_token (id, ciphertext, key_id, next_try_at, give_up_at) values ($1, $2, 'k1', $3, $3)`,
      [heldId, older.seal('held', heldId).ciphertext, AT],
    );
    await world.pool.query(`update account set credential_ciphertext = $2, credential_key_id = 'k1' where id = $1`, [
      world.accountId,
      older.seal('of the account', world.accountId).ciphertext,
    ]);
    await world.pool.query(
      `update instance set credential_ciphertext = $2, credential_key_id = 'k1', oauth_secret_ciphertext = $3,
         oauth_secret_key_id = 'k1' where id = $1`,
      [
        world.instanceId,
        older.seal('of the instance', world.instanceId).ciphertext,
        older.seal('of the App', world.instanceId).ciphertext,
      ],
    );
    const done = await rotateKeys(world.pool, newer);
    expect(done).toEqual({
      keyId: 'k2',
      resealed: { connection_token: 1, held_token: 1, token_revocation: 1, account: 1, instance: 2 },
      unreadable: {},
      inUse: [
        { keyId: 'k2', rows: { account: 1, connection_token: 1, held_token: 1, instance: 2, token_revocation: 1 } },
      ],
    });
    // Without the old key, as from now on.
    const alone = createTokenCipher(k2);
    for (const { table, boundTo, keyId, ciphertexts } of SEALED_COLUMNS) {
      for (const column of ciphertexts) {
        const { rows } = await world.pool.query<{ id: string; sealed: Buffer; key: string }>(
          `select ${boundTo} as id, ${column} as sealed, ${keyId} as key from ${table} where ${column} is not null`,
        );
        for (const row of rows)
          expect([table, column, alone.open(row.sealed, row.key, row.id)]).not.toContain(undefined);
      }
    }
    expect(await tokenOf(id)).toMatchObject({ token: `token of ${id}`, refresh: `token of ${id} refresh` });
    expect(await rotateKeys(world.pool, newer)).toMatchObject({ resealed: {}, unreadable: {} });
  });

  test('never puts an old token in the place of one that is just being refreshed', async () => {
    const id = await connects();
    const { version } = (await loadToken(world.pool, id))!;
    const other = await connects();
    const refresh = await held(world.as('refresher'), (tx) =>
      storeRefreshed(tx, id, version, sealedBy(older, id, 'refreshed')),
    );
    // Whoever refreshes is not waited for; the next call finds what they sealed with the old key.
    expect(await rotateKeys(world.pool, newer)).toMatchObject({ resealed: { connection_token: 1 } });
    expect(await tokenOf(other)).toMatchObject({ keyId: 'k2' });
    await refresh.commit();
    expect(await tokenOf(id)).toMatchObject({ keyId: 'k1', token: 'refreshed', version: version + 1 });
    await rotateKeys(world.pool, newer);
    expect(await tokenOf(id)).toEqual({
      keyId: 'k2',
      token: 'refreshed',
      refresh: 'refreshed refresh',
      version: version + 1,
    });
  });

  test('goes round again for what somebody else was writing', async () => {
    const id = await connects();
    await connects();
    const { version } = (await loadToken(world.pool, id))!;
    const refresh = await held(world.as('refresher'), (tx) =>
      storeRefreshed(tx, id, version, sealedBy(older, id, 'refreshed')),
    );
    const instances = await held(world.as('holder'), (tx) => tx.query('lock table instance in access exclusive mode'));
    const rotating = rotateKeys(world.as('rotating'), newer);
    await waits(world.pool, 'rotating');
    await refresh.commit();
    await instances.commit();
    expect(await rotating).toMatchObject({ resealed: { connection_token: 2 }, inUse: [{ keyId: 'k2' }] });
    expect(await tokenOf(id)).toMatchObject({ token: 'refreshed' });
  });

  test('takes nothing from a refresh that began before it', async () => {
    const id = await connects();
    const { version } = (await loadToken(world.pool, id))!;
    await rotateKeys(world.pool, newer);
    expect(await storeRefreshed(world.pool, id, version, sealedBy(newer, id, 'refreshed'))).toBe(true);
    expect(await tokenOf(id)).toMatchObject({ token: 'refreshed' });
  });

  test('beside many refreshes and ends of links loses none of them', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 60; n += 1) ids.push(await connects());
    const last = new Map<string, string>();
    const refreshes = ids.slice(0, 40).map(async (id) => {
      for (let round = 0; round < 5; round += 1) {
        const { version } = (await loadToken(world.pool, id))!;
        const token = `token ${round} of ${id}`;
        const stored = await storeRefreshed(world.pool, id, version, sealedBy(round % 2 ? older : newer, id, token));
        if (stored) last.set(id, token);
      }
    });
    const ends = ids.slice(40).map((id) => inTransaction(world.pool, (tx) => eraseLinks(tx, [id], AT)));
    await Promise.all([rotateKeys(world.pool, newer), ...refreshes, ...ends]);
    for (const [id, token] of last) expect(await tokenOf(id)).toMatchObject({ token, refresh: `${token} refresh` });
    await rotateKeys(world.pool, newer);
    expect(await onlyNewer()).toEqual(['k2']);
    const { rows } = await world.pool.query<{ id: string; ciphertext: Buffer }>(
      'select connection_id as id, ciphertext from token_revocation',
    );
    expect(rows.map(({ id, ciphertext }) => newer.open(ciphertext, 'k2', id))).toEqual(
      rows.map(({ id }) => `token of ${id}`),
    );
  });

  test('leaves what no key opens as it is, and says how much that is', async () => {
    const id = await connects();
    const lost = await connects();
    await storeToken(world.pool, lost, sealedBy(createTokenCipher(newKey('k0')), lost, 'lost'));
    const before = await loadToken(world.pool, lost);
    expect(await rotateKeys(world.pool, newer)).toMatchObject({
      resealed: { connection_token: 1 },
      unreadable: { connection_token: 1 },
      inUse: [{ keyId: 'k0' }, { keyId: 'k2' }],
    });
    expect(await tokenOf(id)).toMatchObject({ keyId: 'k2' });
    expect(await loadToken(world.pool, lost)).toEqual(before);
  });
});
