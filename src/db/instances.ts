import type { AccountRef } from '../ports/authority.ts';
import type { SourceInstance } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';
import type { SourceKind } from '../domain/source-label.ts';
import { NO_SHARING, type Sharing, type SharingStatus } from '../domain/sharing.ts';
import type { Queryable } from './pool.ts';

export interface InstanceRow {
  id: string;
  hostname: string;
  kind: SourceKind;
  baseUrl: string;
  allowHttpLoopback: boolean;
  allowPrivateNetwork: boolean;
  account: AccountRef & { terms: 'standard' | 'custom' | null; credential: Sealed | undefined };
  credential: Sealed | undefined;
  oauth: { clientId: string; secret: Sealed } | undefined;
  sharing: Sharing;
  sharingVersion: number;
  connect: 'unknown' | 'connected' | 'disconnected';
  closedAt: string | undefined;
  switches: Record<'instance' | 'account', { on: boolean; by: string | undefined; at: string | undefined }>;
}

export interface Sealed {
  ciphertext: Buffer;
  keyId: string;
}

/** Where an instance is, for a read; without the secret of its OAuth App. */
export function sourceInstance(row: InstanceRow): SourceInstance {
  const { id, kind, baseUrl, allowHttpLoopback, allowPrivateNetwork } = row;
  return { id, kind, baseUrl, allowHttpLoopback, allowPrivateNetwork };
}

/** The same with its OAuth App, where it has one that our keys open: to refresh and to revoke tokens. */
export function sourceWithOAuth(instance: InstanceRow, cipher: Pick<TokenCipher, 'open'>): SourceInstance {
  const where = sourceInstance(instance);
  if (!instance.oauth) return where;
  const { clientId, secret } = instance.oauth;
  const clientSecret = cipher.open(secret.ciphertext, secret.keyId, instance.id);
  return clientSecret === undefined ? where : { ...where, oauth: { clientId, clientSecret } };
}

const COLUMNS = `i.id, i.hostname, i.kind, i.base_url, i.allow_http_loopback, i.allow_private_network,
  i.credential_ciphertext, i.credential_key_id, i.oauth_client_id, i.oauth_secret_ciphertext, i.oauth_secret_key_id,
  i.sharing_status, i.sharing_generation, i.sharing_version, i.instance_side, i.instance_side_by, i.instance_side_at,
  i.account_side, i.account_side_by, i.account_side_at, i.closed_at, i.connect, i.connect_lost_at, i.connect_lost_looks, i.connect_looked_at,
  a.id as account_id, a.kind as account_kind, a.slug, a.terms,
  a.credential_ciphertext as account_ciphertext, a.credential_key_id as account_key_id,
  (select t.ends_in from turning_off t where t.instance_id = i.id and t.generation = i.sharing_generation) as ends_in`;

type Row = Record<string, unknown>;

const iso = (value: unknown): string | undefined => (value ? (value as Date).toISOString() : undefined);
const sealed = (ciphertext: unknown, keyId: unknown): Sealed | undefined =>
  ciphertext ? { ciphertext: ciphertext as Buffer, keyId: keyId as string } : undefined;

function toInstance(row: Row): InstanceRow {
  const secret = sealed(row['oauth_secret_ciphertext'], row['oauth_secret_key_id']);
  const side = (name: 'instance' | 'account') => ({
    on: row[`${name}_side`] as boolean,
    by: (row[`${name}_side_by`] as string | null) ?? undefined,
    at: iso(row[`${name}_side_at`]),
  });
  return {
    id: row['id'] as string,
    hostname: row['hostname'] as string,
    kind: row['kind'] as SourceKind,
    baseUrl: row['base_url'] as string,
    allowHttpLoopback: row['allow_http_loopback'] as boolean,
    allowPrivateNetwork: row['allow_private_network'] as boolean,
    account: {
      id: row['account_id'] as string,
      kind: row['account_kind'] as AccountRef['kind'],
      slug: row['slug'] as string,
      terms: row['terms'] as 'standard' | 'custom' | null,
      credential: sealed(row['account_ciphertext'], row['account_key_id']),
    },
    credential: sealed(row['credential_ciphertext'], row['credential_key_id']),
    oauth: secret && row['oauth_client_id'] ? { clientId: row['oauth_client_id'] as string, secret } : undefined,
    sharing: {
      ...NO_SHARING,
      status: row['sharing_status'] as SharingStatus,
      instanceSide: row['instance_side'] as boolean,
      accountSide: row['account_side'] as boolean,
      generation: row['sharing_generation'] as number,
      endsIn: (row['ends_in'] as 'off' | 'unavailable' | null) ?? 'off',
      connectLostAt: iso(row['connect_lost_at']),
      connectLostLooks: row['connect_lost_looks'] as number,
      connectLookedAt: iso(row['connect_looked_at']),
    },
    sharingVersion: row['sharing_version'] as number,
    connect: row['connect'] as InstanceRow['connect'],
    closedAt: iso(row['closed_at']),
    switches: { instance: side('instance'), account: side('account') },
  };
}

export function loadInstance(db: Queryable, id: string): Promise<InstanceRow | undefined> {
  return instanceWhere(db, 'i.id', id);
}

/** By its host name, in lower case. */
export function findInstance(db: Queryable, hostname: string): Promise<InstanceRow | undefined> {
  return instanceWhere(db, 'i.hostname', hostname);
}

async function instanceWhere(db: Queryable, column: 'i.id' | 'i.hostname', value: string) {
  const { rows } = await db.query(
    `select ${COLUMNS} from instance i join account a on a.id = i.account_id where ${column} = $1`,
    [value],
  );
  return rows[0] && toInstance(rows[0] as Row);
}

export async function listInstances(db: Queryable): Promise<InstanceRow[]> {
  const { rows } = await db.query(
    `select ${COLUMNS} from instance i join account a on a.id = i.account_id order by i.hostname`,
  );
  return rows.map((row) => toInstance(row as Row));
}

/** What an operator recorded, or a look at the source found, of GitHub Connect. */
export async function recordConnect(tx: Queryable, instanceId: string, connected: boolean, at: string): Promise<void> {
  await tx.query(`update instance set connect = $2, connect_seen_at = $3 where id = $1`, [
    instanceId,
    connected ? 'connected' : 'disconnected',
    at,
  ]);
}

/** Whether it may be at an address of the operator's own network. */
export async function setPrivateNetwork(tx: Queryable, instanceId: string, allowed: boolean): Promise<void> {
  await tx.query(`update instance set allow_private_network = $2 where id = $1`, [instanceId, allowed]);
}

export interface Credentials {
  credential?: Sealed;
  oauth?: { clientId: string; secret: Sealed };
}

export interface NewInstance extends Credentials {
  id: string;
  hostname: string;
  kind: SourceKind;
  baseUrl: string;
  accountId: string;
  allowHttpLoopback: boolean;
  allowPrivateNetwork?: boolean;
}

/** @returns false where the host name is registered already: then nothing was written */
export async function insertInstance(tx: Queryable, instance: NewInstance): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into instance (id, hostname, kind, base_url, account_id, allow_http_loopback, allow_private_network,
       credential_ciphertext, credential_key_id, oauth_client_id, oauth_secret_ciphertext, oauth_secret_key_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (hostname) do nothing`,
    [
      instance.id,
      instance.hostname,
      instance.kind,
      instance.baseUrl,
      instance.accountId,
      instance.allowHttpLoopback,
      instance.allowPrivateNetwork ?? false,
      instance.credential?.ciphertext ?? null,
      instance.credential?.keyId ?? null,
      instance.oauth?.clientId ?? null,
      instance.oauth?.secret.ciphertext ?? null,
      instance.oauth?.secret.keyId ?? null,
    ],
  );
  return rowCount === 1;
}

/** Puts new ones in the place of those that are there; what is not given stays. */
export async function replaceCredentials(tx: Queryable, instanceId: string, given: Credentials): Promise<void> {
  const { credential, oauth } = given;
  await tx.query(
    `update instance set credential_ciphertext = coalesce($2, credential_ciphertext),
       credential_key_id = coalesce($3, credential_key_id), oauth_client_id = coalesce($4, oauth_client_id),
       oauth_secret_ciphertext = coalesce($5, oauth_secret_ciphertext),
       oauth_secret_key_id = coalesce($6, oauth_secret_key_id) where id = $1`,
    [
      instanceId,
      credential?.ciphertext ?? null,
      credential?.keyId ?? null,
      oauth?.clientId ?? null,
      oauth?.secret.ciphertext ?? null,
      oauth?.secret.keyId ?? null,
    ],
  );
}
