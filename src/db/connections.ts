import type { ConnectionState, ConnectionStatus, StoredCause } from '../domain/connection.ts';
import { DomainError } from '../domain/errors.ts';
import type { Sighting } from '../domain/observed.ts';
import type { SharingStatus } from '../domain/sharing.ts';
import type { Client, Queryable } from './pool.ts';
import { recordAudit } from './audit.ts';
import { lockInstanceShared } from './locks.ts';
import { openIntents, type Intent } from './intents.ts';
import { requireFreeProfile } from './profiles.ts';

/** Everything of a connection that holds no person: fences, projection, and its instance's gate. */
export interface ConnectionRow {
  id: string;
  instanceId: string;
  generation: number;
  sharingGeneration: number | null;
  readNumber: number;
  restoreUntil: string | null;
  erasedAt: string | null;
  state: ConnectionState;
  version: number;
  createdAt: string;
  sendingSince: string | null;
  consentedAt: string | null;
  switchedOff: boolean;
  instance: { sharingStatus: SharingStatus; sharingGeneration: number; gateOpen: boolean; closedAt: string | null };
  /** `judged`: its grace is over by what a whole run saw, and the sweeper has woken the workflow for it. */
  sighting: (Sighting & { judged: boolean }) | null;
}

const iso = (value: Date | null): string | null => value?.toISOString() ?? null;

const SELECT = `select c.id, c.instance_id, c.generation, c.sharing_generation, c.read_number, c.restore_until, c.erased_at,
  c.status, c.causes, c.version, c.consent_version, c.consented_at, c.sending_since, c.created_at,
  coalesce(c.sharing_generation, c.joined_generation) <> i.sharing_generation as switched_off,
  i.sharing_status, i.sharing_generation as instance_generation, i.gate_open, i.closed_at,
  s.cause, s.first_at, s.last_at, s.times, s.woken_at
  from connection c join instance i on i.id = c.instance_id left join sighting s on s.connection_id = c.id`;

interface Row {
  id: string;
  instance_id: string;
  generation: number;
  sharing_generation: number | null;
  read_number: number;
  restore_until: Date | null;
  erased_at: Date | null;
  status: ConnectionStatus;
  causes: StoredCause[];
  version: number;
  consent_version: string | null;
  consented_at: Date | null;
  sending_since: Date | null;
  created_at: Date;
  switched_off: boolean;
  sharing_status: SharingStatus;
  instance_generation: number;
  gate_open: boolean;
  closed_at: Date | null;
  cause: Sighting['cause'] | null;
  first_at: Date;
  last_at: Date;
  times: number;
  woken_at: Date | null;
}

function toConnection(row: Row): ConnectionRow {
  return {
    id: row.id,
    instanceId: row.instance_id,
    generation: row.generation,
    sharingGeneration: row.sharing_generation,
    readNumber: row.read_number,
    restoreUntil: iso(row.restore_until),
    erasedAt: iso(row.erased_at),
    state: { schemaVersion: 1, status: row.status, causes: row.causes, consentVersion: row.consent_version },
    version: row.version,
    createdAt: row.created_at.toISOString(),
    sendingSince: iso(row.sending_since),
    consentedAt: iso(row.consented_at),
    switchedOff: row.switched_off,
    instance: {
      sharingStatus: row.sharing_status,
      sharingGeneration: row.instance_generation,
      gateOpen: row.gate_open,
      closedAt: iso(row.closed_at),
    },
    sighting: row.cause && {
      cause: row.cause,
      firstAt: row.first_at.toISOString(),
      lastAt: row.last_at.toISOString(),
      times: row.times,
      judged: row.woken_at !== null,
    },
  };
}

export async function loadConnection(db: Queryable, id: string): Promise<ConnectionRow | undefined> {
  const { rows } = await db.query<Row>(`${SELECT} where c.id = $1`, [id]);
  return rows[0] && toConnection(rows[0]);
}

/** The connections of a person, by the ids at the source or at the profile side; erased ones have no person. */
export async function connectionsOf(
  db: Queryable,
  person: { instanceId: string; userId: number; createdAt: string; githubUserId: number },
): Promise<ConnectionRow[]> {
  const { rows } = await db.query<Row>(
    `${SELECT} join connection_person p on p.connection_id = c.id
     where p.instance_id = $1 and p.source_user_id = $2 and p.source_created_at = $3
       and exists (select 1 from profile f where f.id in (p.profile_id, p.next_profile_id) and f.github_user_id = $4)
     order by c.created_at`,
    [person.instanceId, person.userId, person.createdAt, person.githubUserId],
  );
  return rows.map(toConnection);
}

/** The connections of a user of an instance, whatever profile they feed. */
export async function connectionsOfSource(
  db: Queryable,
  source: { instanceId: string; userId: number; createdAt: string },
): Promise<{ id: string }[]> {
  const { rows } = await db.query<{ id: string }>(
    `select connection_id as id from connection_person
     where instance_id = $1 and source_user_id = $2 and source_created_at = $3`,
    [source.instanceId, source.userId, source.createdAt],
  );
  return rows;
}

export interface NewConnection {
  id: string;
  instanceId: string;
  sourceUserId: number;
  sourceCreatedAt: string;
  profileId: string;
  token: { ciphertext: Buffer; keyId: string; refreshCiphertext: Buffer | null; expiresAt: string | null };
  actor: string;
  operationId: string;
  asOf: string;
}

/**
 * The row, its one tie to a person and its token, in one transaction with the audit record; the workflow follows.
 * @throws DomainError sharing_off, sharing_paused, turning_off, already_connected, profile_taken
 */
export async function insertConnection(tx: Client, connection: NewConnection): Promise<void> {
  await lockInstanceShared(tx, connection.instanceId);
  const generation = await requireOpenGate(tx, connection.instanceId);
  await refuseConnected(tx, connection);
  await requireFreeProfile(tx, connection.instanceId, connection.profileId);
  await tx.query(
    `insert into connection (id, instance_id, joined_generation, status, created_at) values ($1, $2, $3, 'connecting', $4)`,
    [connection.id, connection.instanceId, generation, connection.asOf],
  );
  const person = [connection.instanceId, connection.sourceUserId, connection.sourceCreatedAt];
  const inserted = await tx.query(
    `insert into connection_person (connection_id, instance_id, source_user_id, source_created_at, profile_id)
     values ($1, $2, $3, $4, $5) on conflict (instance_id, source_user_id, source_created_at) do nothing`,
    [connection.id, ...person, connection.profileId],
  );
  // The same user, connecting twice at the same time.
  if (inserted.rowCount === 0) await refuseConnected(tx, connection);
  await storeToken(tx, connection.id, connection.token);
  await recordAudit(tx, {
    subjectKind: 'connection',
    subjectId: connection.id,
    action: 'connection.created',
    actor: connection.actor,
    at: connection.asOf,
    operationId: connection.operationId,
  });
}

async function refuseConnected(tx: Client, connection: NewConnection): Promise<void> {
  const { rows } = await tx.query<{ connection_id: string }>(
    `select connection_id from connection_person where instance_id = $1 and source_user_id = $2 and source_created_at = $3`,
    [connection.instanceId, connection.sourceUserId, connection.sourceCreatedAt],
  );
  if (!rows[0]) return;
  throw new DomainError('already_connected', undefined, { facts: { connectionId: rows[0].connection_id } });
}

/** The instance's sharing generation, if its gate is open; read after its lock. */
export async function requireOpenGate(tx: Client, instanceId: string): Promise<number> {
  const { rows } = await tx.query<{ sharing_status: SharingStatus; sharing_generation: number }>(
    'select sharing_status, sharing_generation from instance where id = $1',
    [instanceId],
  );
  const status = rows[0]?.sharing_status;
  if (status === 'on') return rows[0]!.sharing_generation;
  if (status === undefined) throw new DomainError('not_found');
  if (status === 'turning_off') throw new DomainError('turning_off');
  if (status === 'paused') throw new DomainError('sharing_paused');
  throw new DomainError('sharing_off');
}

export async function storeToken(tx: Queryable, connectionId: string, token: NewConnection['token']): Promise<void> {
  await tx.query(
    `insert into connection_token (connection_id, ciphertext, key_id, refresh_ciphertext, expires_at)
     values ($1, $2, $3, $4, $5)
     on conflict (connection_id) do update set ciphertext = excluded.ciphertext, key_id = excluded.key_id,
       refresh_ciphertext = excluded.refresh_ciphertext, expires_at = excluded.expires_at,
       version = connection_token.version + 1, refresh_until = null`,
    [connectionId, token.ciphertext, token.keyId, token.refreshCiphertext, token.expiresAt],
  );
}

/** What the connection's workflow needs to decide its next step. */
export async function loadForWorkflow(
  db: Queryable,
  id: string,
): Promise<{ row: ConnectionRow; intents: Intent[] } | undefined> {
  const row = await loadConnection(db, id);
  return row && { row, intents: await openIntents(db, id) };
}

/** Rows whose workflow never started: the route died between the two. */
export async function orphanedConnections(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from connection where status = 'connecting' and erased_at is null and recorded_at < now() - interval '1 minute'
     order by recorded_at limit $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}
