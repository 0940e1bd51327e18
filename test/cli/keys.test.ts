import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { keysInUse } from '../../src/db/sealed-columns.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import { createDbWorld, type DbWorld } from '../db/db-world.ts';
import { newKey } from '../support/audit-seal.ts';
import { eventually } from '../support/eventually.ts';
import { cliWith } from './cli.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [k1, k2] = [newKey('k1'), newKey('k2')];
const older = createTokenCipher(k1);
let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
});
afterEach(() => world.close());

async function holdsTokens(count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await world.pool.query(
    `insert into held_token (id, ciphertext, key_id, next_try_at, give_up_at)
     select id, sealed, 'k1', 'infinity', 'infinity' from unnest($1::uuid[], $2::bytea[]) as t (id, sealed)`,
    [ids, ids.map((id) => older.seal(`token of ${id}`, id).ciphertext)],
  );
}

async function opened(): Promise<number> {
  const cipher = createTokenCipher(`${k2},${k1}`);
  const { rows } = await world.pool.query<{ id: string; ciphertext: Buffer; key_id: string }>(
    'select * from held_token',
  );
  return rows.filter((row) => cipher.open(row.ciphertext, row.key_id, row.id) === `token of ${row.id}`).length;
}

const using = (TOKEN_KEYS: string) => cliWith({ DATABASE_URL: world.url, TOKEN_KEYS });

test('keys rotate says what it did, and which keys may be dropped', async () => {
  await holdsTokens(3);
  const cli = using(`${k2},${k1}`);
  const first = await cli('keys rotate');
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toContain('Sealed anew: 3 of held_token.');
  expect(first.out).toContain('No row uses another key than "k2": the others may be dropped from TOKEN_KEYS.');
  expect((await using(k2)('keys rotate')).out).toContain('Nothing was left to seal anew.');
  expect((await cli('keys list')).out).toMatch(/^k2 +3 +held_token 3$/m);
});

test('keys rotate ends with 1 where a row was sealed by a key that is not there, and shows no key', async () => {
  await holdsTokens(2);
  const ran = await using(k2)('keys rotate');
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain('2 of held_token cannot be opened by any key of TOKEN_KEYS');
  expect(ran.err).toContain('add the keys that they were sealed by (k1)');
  expect(ran.err).not.toContain(k2.slice(3));
  expect((await cliWith({ DATABASE_URL: world.url })('keys rotate')).code).toBe(2);
});

test('killed with -9 in the midst of it, every token opens, and the same again does the rest', async () => {
  const MANY = 20_000;
  await holdsTokens(MANY);
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'keys', 'rotate'], {
    cwd: root,
    env: { PATH: process.env['PATH'], DATABASE_URL: world.url, TOKEN_KEYS: `${k2},${k1}` },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await eventually(async () => (await keysInUse(world.pool)).some(({ keyId }) => keyId === 'k2'), 'it has begun');
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(await keysInUse(world.pool)).toHaveLength(2);
  expect(await opened()).toBe(MANY);
  expect(await using(`${k2},${k1}`)('keys rotate')).toMatchObject({ code: 0 });
  expect(await keysInUse(world.pool)).toEqual([{ keyId: 'k2', rows: { held_token: MANY } }]);
  expect(await opened()).toBe(MANY);
});
