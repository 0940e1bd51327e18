import type { Queryable } from './pool.ts';

/** What an operator may see of a connection: ids, states, times. Nobody's ids at either end, no counts, no token. */
export interface DoctorRows {
  fences: {
    generation: number;
    sharingGeneration: number | null;
    joinedGeneration: number;
    readNumber: number;
    openRead: number | null;
    cohortGeneration: number | null;
  };
  linked: boolean;
  token: { keyId: string; version: number; expiresAt: string | null; refreshes: boolean } | null;
  intents: { kind: string; generation: number; askedAt: string; deliveredAt: string | null; doneAt: string | null }[];
  audit: { action: string; actor: string; at: string; version: number }[];
}

type Row = Record<string, unknown>;
const iso = (value: unknown): string | null => (value ? (value as Date).toISOString() : null);

export async function doctorRows(db: Queryable, connectionId: string): Promise<DoctorRows | undefined> {
  const { rows } = await db.query<Row>(
    `select c.generation, c.sharing_generation, c.joined_generation, c.read_number, c.open_read, c.cohort_generation,
       m.connection_id is not null as linked, t.key_id, t.version, t.expires_at, t.refresh_ciphertext is not null as refreshes
     from connection c left join connection_person m on m.connection_id = c.id
     left join connection_token t on t.connection_id = c.id where c.id = $1`,
    [connectionId],
  );
  const row = rows[0];
  if (!row) return undefined;
  const intents = await db.query<Row>('select * from intent where subject_id = $1 order by asked_at desc limit 20', [
    connectionId,
  ]);
  const audit = await db.query<Row>(
    'select action, actor, at, version from audit where subject_id = $1 order by id desc limit 50',
    [connectionId],
  );
  return {
    fences: {
      generation: row['generation'] as number,
      sharingGeneration: row['sharing_generation'] as number | null,
      joinedGeneration: row['joined_generation'] as number,
      readNumber: row['read_number'] as number,
      openRead: row['open_read'] as number | null,
      cohortGeneration: row['cohort_generation'] as number | null,
    },
    linked: row['linked'] as boolean,
    token:
      row['key_id'] === null
        ? null
        : {
            keyId: row['key_id'] as string,
            version: row['version'] as number,
            expiresAt: iso(row['expires_at']),
            refreshes: row['refreshes'] as boolean,
          },
    intents: intents.rows.map((one) => ({
      kind: one['kind'] as string,
      generation: one['generation'] as number,
      askedAt: iso(one['asked_at'])!,
      deliveredAt: iso(one['delivered_at']),
      doneAt: iso(one['done_at']),
    })),
    audit: audit.rows.map((one) => ({
      action: one['action'] as string,
      actor: one['actor'] as string,
      at: iso(one['at'])!,
      version: one['version'] as number,
    })),
  };
}
