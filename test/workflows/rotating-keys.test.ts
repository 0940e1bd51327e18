import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rotateKeys } from '../../src/db/rotate-keys.ts';
import { keysInUse } from '../../src/db/sealed-columns.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import { newKey } from '../support/audit-seal.ts';
import { manySending, runSync } from '../support/many-sending.ts';
import { createWorld, type World } from '../support/world.ts';

const [k1, k2] = [newKey('k1'), newKey('k2')];
let world: World;
beforeAll(async () => {
  world = await createWorld({ settings: { TOKEN_KEYS: `${k2},${k1}` } });
  await world.switchOn();
});
afterAll(() => world.close());

test('a sync reads everybody while their tokens are sealed anew, over and over', async () => {
  const developers = await manySending(world);
  const ciphers = [createTokenCipher(`${k1},${k2}`), createTokenCipher(`${k2},${k1}`)];
  const over = new AbortController();
  const rotating = (async () => {
    let turns = 0;
    while (!over.signal.aborted) await rotateKeys(world.pool, ciphers[turns++ % 2]!);
    return turns;
  })();
  for (let run = 0; run < 3; run += 1) await runSync(world);
  over.abort();
  expect(await rotating).toBeGreaterThan(1);
  const { rows } = await world.pool.query(
    'select connections::int, failed::int from sync_instance_run order by started_at',
  );
  expect(rows).toEqual(rows.map(() => ({ connections: developers.length, failed: 0 })));
  expect(rows).toHaveLength(3);
  expect((await world.pool.query('select 1 from sync_failure')).rowCount).toBe(0);
  await rotateKeys(world.pool, ciphers[0]!);
  expect(await keysInUse(world.pool)).toEqual([{ keyId: 'k1', rows: { connection_token: developers.length } }]);
});
