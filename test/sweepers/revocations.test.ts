import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addMs, HOUR_MS } from '../../src/domain/dates.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import type { Source, SourceReadFailure } from '../../src/ports/source.ts';
import { revokeTokens } from '../../src/sweepers/revocations.ts';
import { eventually } from '../support/eventually.ts';
import { AT, createDbWorld, type DbWorld } from '../db/db-world.ts';

const DOWN: SourceReadFailure = { ok: false, failure: 'source_unreachable', systemic: true };
const cipher = createTokenCipher(`k1:${randomBytes(32).toString('base64')}`);

let world: DbWorld;
let asked: string[];
/** What an instance answers; one that is not here revokes. */
let answers: Map<string, () => ReturnType<Source['revoke']>>;
beforeEach(async () => {
  world = await createDbWorld();
  [asked, answers] = [[], new Map()];
});
afterEach(() => world.close());

test('an instance that is down is asked once, and left for an hour with all that is due there', async () => {
  const good = await world.elsewhere();
  await ended(world, 60);
  await ended(good, 3);
  answers.set(world.instanceId, () => Promise.resolve(DOWN));
  await sweep();
  await sweep();
  expect(askedOf(world)).toBe(1);
  expect(await outcomes(good)).toEqual(['revoked', 'revoked', 'revoked']);
  await sweep(addMs(AT, HOUR_MS));
  expect(askedOf(world)).toBe(2);
});

test('instances are asked beside one another, so that one that does not answer keeps no other waiting', async () => {
  const other = await world.elsewhere();
  await ended(world, 1);
  await ended(other, 1);
  const stop = new AbortController();
  for (const { instanceId } of [world, other]) answers.set(instanceId, () => cut(stop.signal));
  const sweeping = sweep(AT, stop.signal);
  try {
    await eventually(async () => asked.length === 2, 'both are asked', 3_000);
  } finally {
    stop.abort();
    await sweeping;
  }
  expect([askedOf(world), askedOf(other)]).toEqual([1, 1]);
});

test('at the stop it asks for nothing more', async () => {
  await ended(world, 3);
  const stop = new AbortController();
  answers.set(world.instanceId, () => (stop.abort(), cut(stop.signal)));
  await sweep(AT, stop.signal);
  expect(asked).toHaveLength(1);
});

test('no ciphertext outlives its 7 days, however many there are and whatever the instance does', async () => {
  await ended(world, 120);
  answers.set(world.instanceId, () => Promise.reject(new Error('odd')));
  await sweep(addMs(AT, 7 * 24 * HOUR_MS));
  const { rows } = await world.pool.query(
    'select outcome, ciphertext is null as erased, count(*)::int n from token_revocation group by 1, 2',
  );
  expect(rows).toEqual([{ outcome: 'gave_up', erased: true, n: 120 }]);
  expect(asked).toEqual([]);
});

test('what is revoked is erased, where another instance made the sweep fail', async () => {
  const good = await world.elsewhere();
  await ended(world, 1);
  await ended(good, 2);
  answers.set(world.instanceId, () => Promise.reject(new Error('odd')));
  await expect(sweep()).rejects.toThrow('odd');
  expect(await outcomes(good)).toEqual(['revoked', 'revoked']);
});

test('an instance whose OAuth App cannot be opened stops no other', async () => {
  const good = await world.elsewhere();
  await ended(world, 1);
  await ended(good, 1);
  await world.pool.query(`update instance set oauth_secret_key_id = 'gone' where id = $1`, [world.instanceId]);
  await sweep();
  expect(await outcomes(good)).toEqual(['revoked']);
  expect(await outcomes(world)).toEqual([null]);
});

test('what cannot be revoked, because its kind has no way, is erased at once', async () => {
  await ended(world, 2);
  await world.pool.query(`update instance set kind = 'gitea'`);
  await sweep();
  const { rows } = await world.pool.query('select outcome, ciphertext from token_revocation');
  expect(rows).toEqual([1, 2].map(() => ({ outcome: 'gave_up', ciphertext: null })));
  expect(asked).toEqual([]);
});

/** So many links that have ended, of an instance with an OAuth App. */
async function ended(at: DbWorld, count: number): Promise<void> {
  const secret = cipher.seal('secret', at.instanceId);
  await at.pool.query(
    `update instance set oauth_client_id = 'app', oauth_secret_ciphertext = $2, oauth_secret_key_id = 'k1' where id = $1`,
    [at.instanceId, secret.ciphertext],
  );
  for (let n = 0; n < count; n += 1) {
    const id = await at.connect();
    const { ciphertext } = cipher.seal('gho', id);
    await at.pool.query('update connection_token set ciphertext = $2 where connection_id = $1', [id, ciphertext]);
    await at.remove('forget', id);
  }
}

function sweep(asOf = AT, stop?: AbortSignal): Promise<void> {
  const revoke: Source['revoke'] = ({ id }) => {
    asked.push(id);
    return answers.get(id)?.() ?? Promise.resolve({ ok: true, already: false });
  };
  const sources = { ghes: { revoke, tokensRevocable: true }, gitea: { revoke, tokensRevocable: false } } as never;
  return revokeTokens({ pool: world.pool, sources, cipher, clock: () => new Date(asOf) }, stop);
}

/** Answers when it is cut, as an exchange does. */
function cut(signal: AbortSignal): Promise<SourceReadFailure> {
  const answer: SourceReadFailure = { ok: false, failure: 'source_unreachable', systemic: false };
  if (signal.aborted) return Promise.resolve(answer);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(answer)));
}

const askedOf = ({ instanceId }: DbWorld) => asked.filter((id) => id === instanceId).length;

async function outcomes({ pool, instanceId }: DbWorld): Promise<(string | null)[]> {
  const { rows } = await pool.query<{ outcome: string | null }>(
    'select outcome from token_revocation where instance_id = $1',
    [instanceId],
  );
  return rows.map((row) => row.outcome);
}
