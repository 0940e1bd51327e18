import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readCounts, sourceOf, type ReadingDeps } from '../../src/activities/read-counts.ts';
import { insertConnection, storeToken } from '../../src/db/connections.ts';
import * as db from '../../src/db/index.ts';
import { insertInstance, loadInstance } from '../../src/db/instances.ts';
import { createPool, inTransaction, type Pool } from '../../src/db/pool.ts';
import { ensureProfile } from '../../src/db/profiles.ts';
import { readConnectionForSource } from '../../src/db/sync-pages.ts';
import { windowAt } from '../../src/domain/window.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import type { SourceRead } from '../../src/ports/source.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { startExpiringForge, type ExpiringForge } from './expiring-forge.ts';

const USER = { id: 7, created: '2020-02-03T04:05:06Z' };
const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const KEY = newKey('k1');
const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString();
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

let database: TestDatabase;
let pool: Pool;
let sources: Sources;
let forge: ExpiringForge;
let deps: ReadingDeps;
const [instanceId, accountId, connectionId] = [randomUUID(), randomUUID(), randomUUID()];

beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 4, applicationName: 'test' });
  sources = createSources();
  forge = await startExpiringForge(USER);
  deps = { pool, db, sources, cipher: createTokenCipher(KEY) };
  await pool.query(`insert into account (id, kind, slug) values ($1, 'organization', 'acme')`, [accountId]);
  await insertInstance(pool, {
    id: instanceId,
    hostname: 'gitea.acme.example',
    kind: 'gitea',
    baseUrl: forge.url,
    accountId,
    allowHttpLoopback: true,
    oauth: { clientId: 'app', secret: deps.cipher.seal('secret', instanceId) },
  });
  await pool.query(`update instance set sharing_status = 'on', gate_open = true`);
  await inTransaction(pool, async (tx) =>
    insertConnection(tx, {
      id: connectionId,
      instanceId,
      sourceUserId: USER.id,
      sourceCreatedAt: USER.created,
      profileId: (await ensureProfile(tx, 1)).id,
      token: sealed('unused', 'unused', null),
      actor: 'test',
      operationId: randomUUID(),
      asOf: new Date().toISOString(),
    }),
  );
});
afterAll(async () => {
  await Promise.all([pool.end(), sources.close(), forge.close()]);
  await database.drop();
});
beforeEach(() => forge.revokeAll());

test('a token that has ended is refreshed before it is used', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  expect(await refreshesDuring(read)).toEqual({ refreshes: 1, answers: [{ ok: true }] });
  expect(forge.refusals()).toBe(0);
  expect(Date.parse((await stored()).expiresAt!)).toBeGreaterThan(Date.now() + 3_500_000);
});

test('a token whose end nobody told is refreshed when the source refuses it', async () => {
  await connectedWith(forge.issue(-1), null);
  expect(await refreshesDuring(read)).toEqual({ refreshes: 1, answers: [{ ok: true }] });
});

test('so is one that was taken back before its end', async () => {
  await connectedWith(forge.issue(3600), inAnHour());
  forge.revokeAll();
  expect(await refreshesDuring(read)).toEqual({ refreshes: 1, answers: [{ ok: true }] });
});

test('two readers at once spend one refresh token once', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  expect(await refreshesDuring(read, read)).toEqual({ refreshes: 1, answers: [{ ok: true }, { ok: true }] });
});

test('a fresh pair is stored before its first use, so that a crash loses none', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  const before = await stored();
  const seen: number[] = [];
  forge.whenUsed(async () => seen.push((await stored()).version));
  await read();
  forge.whenUsed(async () => undefined);
  expect(seen[0]).toBe(before.version + 1);
});

test('the refresh token of a refresh is good for the next one', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  await read();
  forge.revokeAll();
  expect(await refreshesDuring(read)).toEqual({ refreshes: 1, answers: [{ ok: true }] });
});

test('a refresh that is refused is that developer’s failure and keeps what is stored', async () => {
  await connectedWith({ ...forge.issue(-1), refreshToken: 'spent' }, anHourAgo());
  const before = await stored();
  expect(await read()).toEqual({ ok: false, failure: 'token_expired', systemic: false });
  expect(await stored()).toEqual(before);
});

test('a refresh token sealed under a key that is gone is that developer’s failure, not the page’s', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  const answer = await read({ ...deps, cipher: createTokenCipher(newKey('k2')) });
  expect(answer).toEqual({ ok: false, failure: 'token_unreadable', systemic: false });
});

test('a refresh under a new key moves the whole pair to it, a refresh token that stays as well', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  forge.keepRefreshTokens();
  const both = newKey('k2');
  const rotated = { ...deps, cipher: createTokenCipher(`${both},${KEY}`) };
  expect(await read(rotated)).toMatchObject({ ok: true });
  forge.revokeAll();
  expect(await read({ ...deps, cipher: createTokenCipher(both) })).toMatchObject({ ok: true });
});

function sealed(token: string, refreshToken: string, expiresAt: string | null) {
  const refreshCiphertext = deps.cipher.seal(refreshToken, connectionId).ciphertext;
  return { ...deps.cipher.seal(token, connectionId), refreshCiphertext, expiresAt };
}

async function connectedWith(given: { token: string; refreshToken: string }, expiresAt: string | null): Promise<void> {
  await storeToken(pool, connectionId, sealed(given.token, given.refreshToken, expiresAt));
}

async function stored() {
  return (await readConnectionForSource(pool, connectionId))!.token;
}

async function read(using: ReadingDeps = deps): Promise<SourceRead> {
  const instance = (await loadInstance(pool, instanceId))!;
  // The OAuth application's own secret is not what these tests are about.
  const from = sourceOf(deps, instance);
  const connection = (await readConnectionForSource(pool, connectionId))!;
  return readCounts(using, from, connection, windowAt(new Date().toISOString()), Date.now);
}

async function refreshesDuring(...readers: (() => Promise<SourceRead>)[]) {
  const before = forge.refreshes();
  const answers = await Promise.all(readers.map((one) => one()));
  return { refreshes: forge.refreshes() - before, answers: answers.map(({ ok }) => ({ ok })) };
}
