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
import type { Source, SourceRead } from '../../src/ports/source.ts';
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
beforeEach(() => {
  forge.revokeAll();
  forge.whenRefreshing(async () => undefined);
});

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

test('while a source takes its time to refresh, no transaction is open and a removal is accepted', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  const open: unknown[] = [];
  forge.whenRefreshing(async () => {
    const { rows } = await pool.query(`select state from pg_stat_activity
      where datname = current_database() and state like 'idle in transaction%'`);
    open.push(...rows);
    await pool.query('select 1 from connection_token for update nowait');
  });
  expect(await read()).toMatchObject({ ok: true });
  expect(open).toEqual([]);
});

test('a link that is erased while its token is refreshed keeps nothing of the fresh one, which reads nothing', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  forge.whenRefreshing(() => pool.query('delete from connection_token'));
  const used: string[] = [];
  forge.whenUsed(async () => used.push('used'));
  const answer = await read();
  forge.whenUsed(async () => undefined);
  expect(answer).toEqual({ ok: false, failure: 'token_revoked', systemic: false });
  expect([used, (await pool.query('select 1 from connection_token')).rows]).toEqual([[], []]);
});

test('where tokens can be revoked, that fresh one is', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  forge.whenRefreshing(() => pool.query('delete from connection_token'));
  const revoked: string[] = [];
  const revoke: Source['revoke'] = async (_, token) => {
    revoked.push(token);
    return { ok: true, already: false };
  };
  await read(deps, { ...sources.gitea, tokensRevocable: true, revoke });
  expect(revoked).toEqual([expect.stringMatching(/^eyJ9\./)]);
});

test('a token that is connected anew while the old one is refreshed stays, and is the one that reads', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  const { token } = forge.issue(3600);
  // The old refresh token is the forge's current one once more.
  const old = forge.issue(-1);
  await connectedWith(old, anHourAgo());
  forge.whenRefreshing(() => connectedWith({ token, refreshToken: 'anew' }, inAnHour()));
  expect(await read()).toMatchObject({ ok: true });
  expect(deps.cipher.open((await stored()).ciphertext, 'k1', connectionId)).toBe(token);
});

test('the refresh of a reader that died is taken over at the end of its lease', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  await db.tokens.takeRefreshLease(pool, connectionId, (await stored()).version, 300);
  expect(await refreshesDuring(read)).toEqual({ refreshes: 1, answers: [{ ok: true }] });
});

test('one who waits for another’s refresh goes when told to', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  await db.tokens.takeRefreshLease(pool, connectionId, (await stored()).version, 60_000);
  const stop = new AbortController();
  const waiting = read(deps, sources.gitea, stop.signal);
  stop.abort();
  expect(await waiting).toEqual({ ok: false, failure: 'source_unreachable', systemic: false });
});

test('a refresh that is under way is not cut: its pair would be lost', async () => {
  await connectedWith(forge.issue(-1), anHourAgo());
  const before = await stored();
  const stop = new AbortController();
  forge.whenRefreshing(async () => stop.abort());
  expect(await read(deps, sources.gitea, stop.signal)).toMatchObject({ ok: false, systemic: false });
  expect((await stored()).version).toBe(before.version + 1);
});

test('a refresh that failed lets the next reader try at once', async () => {
  await connectedWith({ ...forge.issue(-1), refreshToken: 'spent' }, anHourAgo());
  await read();
  const { rows } = await pool.query('select refresh_until from connection_token');
  expect(rows).toEqual([{ refresh_until: null }]);
});

test.each(['read', 'refresh'] as const)(
  'an answer that nobody foresaw to a %s is that developer’s failure',
  async (what) => {
    await connectedWith(forge.issue(-1), anHourAgo());
    const broken = { ...sources.gitea, [what]: () => Promise.reject(new RangeError('odd')) };
    expect(await read(deps, broken)).toEqual({ ok: false, failure: 'bad_answer', systemic: false });
  },
);

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

async function read(
  using: ReadingDeps = deps,
  source: Source = sources.gitea,
  signal?: AbortSignal,
): Promise<SourceRead> {
  const instance = (await loadInstance(pool, instanceId))!;
  // The OAuth application's own secret is not what these tests are about.
  const from = { ...sourceOf(deps, instance), source };
  const connection = (await readConnectionForSource(pool, connectionId))!;
  return readCounts(using, from, connection, windowAt(new Date().toISOString()), Date.now, signal);
}

async function refreshesDuring(...readers: (() => Promise<SourceRead>)[]) {
  const before = forge.refreshes();
  const answers = await Promise.all(readers.map((one) => one()));
  return { refreshes: forge.refreshes() - before, answers: answers.map(({ ok }) => ({ ok })) };
}

test('an OAuth App whose secret no key opens stops no read; what needs a refresh waits, and nothing is lost', async () => {
  await connectedWith(forge.issue(3600), inAnHour());
  await pool.query(`update instance set oauth_secret_key_id = 'gone'`);
  try {
    expect(await refreshesDuring(read)).toEqual({ refreshes: 0, answers: [{ ok: true }] });
    await connectedWith(forge.issue(-1), anHourAgo());
    expect(await read()).toEqual({ ok: false, failure: 'bad_answer', systemic: false });
  } finally {
    await pool.query(`update instance set oauth_secret_key_id = 'k1'`);
  }
  expect(await read()).toMatchObject({ ok: true });
});
