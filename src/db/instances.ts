import type { AccountRef } from '../ports/authority.ts';
import type { SourceInstance } from '../ports/source.ts';
import type { SourceKind } from '../domain/source-label.ts';
import {
  NO_SHARING,
  stepSharing,
  type Sharing,
  type SharingCommand,
  type SharingSettings,
  type SharingStatus,
} from '../domain/sharing.ts';
import { DomainError } from '../domain/errors.ts';
import { recordAudit, recordedVersion } from './audit.ts';
import { lockInstanceExclusive } from './locks.ts';
import { enqueue } from './outbox.ts';
import type { Client, Queryable } from './pool.ts';

export interface InstanceRow {
  id: string;
  hostname: string;
  kind: SourceKind;
  baseUrl: string;
  allowHttpLoopback: boolean;
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
export function sourceInstance({ id, kind, baseUrl, allowHttpLoopback }: InstanceRow): SourceInstance {
  return { id, kind, baseUrl, allowHttpLoopback };
}

const COLUMNS = `i.id, i.hostname, i.kind, i.base_url, i.allow_http_loopback,
  i.credential_ciphertext, i.credential_key_id, i.oauth_client_id, i.oauth_secret_ciphertext, i.oauth_secret_key_id,
  i.sharing_status, i.sharing_generation, i.sharing_version, i.instance_side, i.instance_side_by, i.instance_side_at,
  i.account_side, i.account_side_by, i.account_side_at, i.closed_at, i.connect, i.connect_lost_at, i.connect_lost_looks,
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
    },
    sharingVersion: row['sharing_version'] as number,
    connect: row['connect'] as InstanceRow['connect'],
    closedAt: iso(row['closed_at']),
    switches: { instance: side('instance'), account: side('account') },
  };
}

export async function loadInstance(db: Queryable, id: string): Promise<InstanceRow | undefined> {
  const { rows } = await db.query(
    `select ${COLUMNS} from instance i join account a on a.id = i.account_id where i.id = $1`,
    [id],
  );
  return rows[0] && toInstance(rows[0] as Row);
}

export async function listInstances(db: Queryable): Promise<InstanceRow[]> {
  const { rows } = await db.query(
    `select ${COLUMNS} from instance i join account a on a.id = i.account_id order by i.hostname`,
  );
  return rows.map((row) => toInstance(row as Row));
}

/** Reads the instance after its lock was waited for, so that the state is the one that the lock protects. */
async function loadLocked(tx: Client, id: string): Promise<InstanceRow> {
  await lockInstanceExclusive(tx, id);
  const instance = await loadInstance(tx, id);
  if (!instance) throw new DomainError('not_found');
  return instance;
}

export interface SharingAct {
  command: SharingCommand;
  actor: string;
  at: string;
  operationId: string;
  settings: SharingSettings;
}

export interface SharingOutcome {
  sharing: Sharing;
  changed: boolean;
  turnsOff: boolean;
}

/**
 * One transition of an instance's sharing: fence, audit record and, when the gate closes for good, the intent that the
 * turning-off run takes up. Call it inside a transaction.
 * @throws DomainError not_found, sharing_unavailable, turning_off
 */
export async function applySharing(tx: Client, instanceId: string, act: SharingAct): Promise<SharingOutcome> {
  const instance = await loadLocked(tx, instanceId);
  if ((await recordedVersion(tx, instanceId, act.operationId)) !== undefined) {
    return { sharing: instance.sharing, changed: false, turnsOff: instance.sharing.status === 'turning_off' };
  }
  const { next, action, turnsOff } = stepSharing(instance.sharing, act.command, act.settings);
  const before = instance.sharing;
  if (next !== before) await storeSharing(tx, instanceId, next, act, before);
  if (!action) return { sharing: next, changed: false, turnsOff: false };
  const version = await recordAudit(tx, {
    subjectKind: 'sharing',
    subjectId: instanceId,
    action,
    actor: act.actor,
    at: act.at,
    operationId: act.operationId,
    detail: { from: before.status, to: next.status, generation: next.generation },
  });
  await tx.query('update instance set sharing_version = $2 where id = $1', [instanceId, version]);
  if (turnsOff) await openTurningOff(tx, instanceId, next, act, action);
  if (action === 'sharing.revoked' && next.status === 'turning_off' && !turnsOff) {
    await tx.query(`update turning_off set ends_in = 'unavailable' where instance_id = $1 and generation = $2`, [
      instanceId,
      next.generation,
    ]);
  }
  return { sharing: next, changed: true, turnsOff };
}

async function storeSharing(tx: Client, id: string, next: Sharing, act: SharingAct, before: Sharing): Promise<void> {
  const flipped = (side: 'instanceSide' | 'accountSide') => next[side] !== before[side];
  await tx.query(
    `update instance set sharing_status = $2, gate_open = ($2 = 'on'), sharing_generation = $3,
       instance_side = $4, account_side = $5,
       instance_side_by = case when $6 then $8 else instance_side_by end,
       instance_side_at = case when $6 then $9 else instance_side_at end,
       account_side_by = case when $7 then $8 else account_side_by end,
       account_side_at = case when $7 then $9 else account_side_at end,
       closed_at = case when $3 > sharing_generation then $9 else closed_at end,
       connect_lost_at = $10, connect_lost_looks = $11
     where id = $1`,
    [
      id,
      next.status,
      next.generation,
      next.instanceSide,
      next.accountSide,
      flipped('instanceSide'),
      flipped('accountSide'),
      act.actor,
      act.at,
      next.connectLostAt ?? null,
      next.connectLostLooks,
    ],
  );
}

async function openTurningOff(
  tx: Client,
  instanceId: string,
  next: Sharing,
  act: SharingAct,
  action: string,
): Promise<void> {
  await tx.query(
    `insert into turning_off (instance_id, generation, cause, ends_in, asked_at) values ($1, $2, $3, $4, $5)`,
    [instanceId, next.generation, action, next.endsIn, act.at],
  );
  await tx.query(
    `insert into intent (operation_id, kind, subject_id, generation, asked_at) values ($1, 'turn_off', $2, $3, $4)`,
    [`turn-off/${instanceId}/${next.generation}`, instanceId, next.generation, act.at],
  );
  await enqueue(tx, [
    {
      event: 'sharing.turning_off',
      subjectKind: 'instance',
      subjectId: instanceId,
      address: 'site_admins',
      dedupeKey: `turning-off/${instanceId}/${next.generation}`,
      at: act.at,
    },
  ]);
}

/** What an operator recorded, or a look at the source found, of GitHub Connect. */
export async function recordConnect(tx: Queryable, instanceId: string, connected: boolean, at: string): Promise<void> {
  await tx.query(`update instance set connect = $2, connect_seen_at = $3 where id = $1`, [
    instanceId,
    connected ? 'connected' : 'disconnected',
    at,
  ]);
}

export interface NewInstance {
  id: string;
  hostname: string;
  kind: SourceKind;
  baseUrl: string;
  accountId: string;
  allowHttpLoopback: boolean;
  credential?: Sealed;
  oauth?: { clientId: string; secret: Sealed };
}

export async function insertInstance(tx: Queryable, instance: NewInstance): Promise<void> {
  await tx.query(
    `insert into instance (id, hostname, kind, base_url, account_id, allow_http_loopback, credential_ciphertext,
       credential_key_id, oauth_client_id, oauth_secret_ciphertext, oauth_secret_key_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      instance.id,
      instance.hostname,
      instance.kind,
      instance.baseUrl,
      instance.accountId,
      instance.allowHttpLoopback,
      instance.credential?.ciphertext ?? null,
      instance.credential?.keyId ?? null,
      instance.oauth?.clientId ?? null,
      instance.oauth?.secret.ciphertext ?? null,
      instance.oauth?.secret.keyId ?? null,
    ],
  );
}
