import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { newFolder } from './restore-world.ts';
import { Cluster, findTools, urlOf, type Server } from './postgres-tools.ts';

const tools = findTools();
const folder = newFolder();
const base = join(folder.path, 'base');
const dump = join(folder.path, 'out', 'app.dump');
const archive = join(folder.path, 'archive');
const NAME = 'unified_contributions';

if (!tools)
  process.stderr.write('No tools of PostgreSQL (initdb, pg_dump, …) are on this machine: 2 cases are skipped.\n');

/** The command in docs/operations.md that begins so, with the places of this test. */
function documented(begin: string): string {
  const text = readFileSync('docs/operations.md', 'utf8');
  const command = new RegExp(`\`(${begin}[^\`]*)\``).exec(text)?.[1];
  if (!command) throw new Error(`docs/operations.md has no "${begin}"`);
  return command.replace('/backup/base', base).replace('app.dump', dump);
}

(tools ? describe : describe.skip)('with PostgreSQL’s own tools', () => {
  let cluster: Cluster;
  let server: Server;
  let moment: string;

  const urls = (port: number) => ({
    ADMIN_URL: urlOf(port, 'postgres'),
    MIGRATE_DATABASE_URL: urlOf(port, NAME, 'the_owner'),
    DATABASE_URL: urlOf(port, NAME, 'the_application'),
    REPLICATION_URL: urlOf(port, 'postgres', 'the_copier'),
  });
  const on = async <T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> => {
    const pool = createPool({ url, max: 1, applicationName: 'test' });
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  };
  const migrates = (port: number) => {
    const { DATABASE_URL, MIGRATE_DATABASE_URL } = urls(port);
    const env = { ...process.env, DATABASE_URL, MIGRATE_DATABASE_URL };
    execFileSync(process.execPath, ['--import', 'tsx', 'src/stack/migrate.ts'], { env, stdio: 'pipe' });
  };
  const roles = (port: number) =>
    on(urls(port).ADMIN_URL, async (pool) => {
      await pool.query('create role the_owner login createrole');
      await pool.query('create role the_copier login replication');
    });
  // As the application does it, so that its privileges are proved too.
  const adds = (port: number, slug: string) =>
    on(urls(port).DATABASE_URL, (pool) =>
      pool.query(`insert into account (id, kind, slug) values ($1, 'organization', $2)`, [randomUUID(), slug]),
    );
  const slugs = (port: number) =>
    on(urls(port).DATABASE_URL, async (pool) =>
      (await pool.query<{ slug: string }>('select slug from account order by slug')).rows.map(({ slug }) => slug),
    );

  beforeAll(async () => {
    cluster = new Cluster(tools!);
    cluster.folder(join(folder.path, 'out'));
    cluster.folder(archive);
    // Empty: pg_basebackup takes it so.
    cluster.folder(base);
    const data = join(folder.path, 'data');
    cluster.make(data);
    cluster.configure(data, ['archive_mode = on', `archive_command = 'cp %p ${archive}/%f'`]);
    server = await cluster.start(data);
    const env = urls(server.port);
    await roles(server.port);
    cluster.shell(documented('createdb'), env);
    migrates(server.port);
    await adds(server.port, 'backed-up');
    cluster.shell(documented('pg_dump --format=custom --file=app.dump'), env);
    cluster.shell(documented('pg_basebackup'), env);
    await adds(server.port, 'later');
    moment = await on(env.ADMIN_URL, async (pool) => (await pool.query('select now()::text as at')).rows[0].at);
    await adds(server.port, 'too-late');
    await on(env.ADMIN_URL, (pool) => pool.query('select pg_switch_wal()'));
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    folder.clear();
  });

  test('a dump is restored in an empty server, and the application works there as itself', async () => {
    const data = join(folder.path, 'empty');
    cluster.make(data);
    const other = await cluster.start(data);
    try {
      const env = urls(other.port);
      await roles(other.port);
      cluster.shell(documented('createdb'), env);
      cluster.shell(documented('pg_restore --exit-on-error'), env);
      migrates(other.port);
      expect(await slugs(other.port)).toEqual(['backed-up']);
      await adds(other.port, 'new');
      await expect(on(env.DATABASE_URL, (pool) => pool.query('delete from audit'))).rejects.toThrow(
        'permission denied',
      );
    } finally {
      await other.stop();
    }
  }, 120_000);

  test('a base backup and the archive come back to the moment that was asked for', async () => {
    cluster.configure(base, [
      'archive_mode = off',
      `restore_command = 'cp ${archive}/%f %p'`,
      `recovery_target_time = '${moment}'`,
      'recovery_target_action = promote',
    ]);
    writeFileSync(join(base, 'recovery.signal'), '');
    const other = await cluster.start(base);
    try {
      expect(await slugs(other.port)).toEqual(['backed-up', 'later']);
      await adds(other.port, 'new');
    } finally {
      await other.stop();
    }
  }, 120_000);
});
