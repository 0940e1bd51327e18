import { createHmac, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';

/** Of two processes that prepare at once the second waits. */
const PREPARING = 21;
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Gives the role that `applicationUrl` names what API, worker and CLI need and no more, and makes it where it is not there:
 * every row of every table, but that audit records are only added, and sealed. It owns nothing, so it can neither disable
 * a trigger nor grant itself more. Run as the owner of the tables, after each migration.
 */
export async function prepareApplicationRole(ownerUrl: string, applicationUrl: string): Promise<void> {
  const { username, password } = new URL(applicationUrl);
  const role = decodeURIComponent(username);
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock(7261, $1)', [PREPARING]);
    await refuseMighty(client, role);
    if (!(await exists(client, role))) await createRole(client, role, decodeURIComponent(password));
    for (const statement of grantsTo(client.escapeIdentifier(role))) await client.query(statement);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

const grantsTo = (role: string) => [
  `grant usage on schema public to ${role}`,
  `grant select, insert, update, delete on all tables in schema public to ${role}`,
  `grant usage, select, update on all sequences in schema public to ${role}`,
  // Column by column alone: what is granted on the table is more than what is granted on a column.
  `revoke update, delete, truncate on audit from ${role}`,
  `grant update (sealed_seq, hash, seal_key_id) on audit to ${role}`,
  `revoke insert, update, delete, truncate on migration from ${role}`,
];

async function exists(client: pg.Client, role: string): Promise<boolean> {
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
  return rowCount === 1;
}

/** A role that owns the tables, or may become one that does, is held back by nothing. */
async function refuseMighty(client: pg.Client, role: string): Promise<void> {
  const { rows } = await client.query<{ mighty: boolean }>(
    `select rolsuper or pg_has_role(oid, (select relowner from pg_class where oid = 'audit'::regclass), 'MEMBER') as mighty
     from pg_roles where rolname = $1`,
    [role],
  );
  if (!rows[0]?.mighty) return;
  throw new Error(
    `"${role}" is a superuser or owns the tables: let DATABASE_URL name a role of the application alone, which is made if it is not there.`,
  );
}

async function createRole(client: pg.Client, role: string, password: string): Promise<void> {
  if (password === '') throw new Error(`There is no role "${role}", and DATABASE_URL has no password to make it with.`);
  const made = `create role ${client.escapeIdentifier(role)} login password ${client.escapeLiteral(verifierOf(password))}`;
  try {
    await client.query(made);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new Error(`There is no role "${role}", and the owner may not make one: make it yourself.`, { cause: error });
  }
}

const ROUNDS = 4096;

/** What PostgreSQL keeps of a password (RFC 5803): the password itself is in no statement, and so in no log. */
function verifierOf(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ROUNDS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ROUNDS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
