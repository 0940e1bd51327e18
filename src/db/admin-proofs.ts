import type { Queryable } from './pool.ts';

/** Whoever was read to be a site administrator and an owner, by pseudonym. */
export async function storeProof(db: Queryable, actor: string, instanceId: string, at: Date): Promise<void> {
  await db.query(
    `insert into admin_proof (actor, instance_id, proved_at) values ($1, $2, $3)
     on conflict (actor, instance_id) do update set proved_at = greatest(admin_proof.proved_at, excluded.proved_at)`,
    [actor, instanceId, at],
  );
}

export async function dropProof(db: Queryable, actor: string, instanceId: string): Promise<void> {
  await db.query('delete from admin_proof where actor = $1 and instance_id = $2', [actor, instanceId]);
}

/** Whether there is a proof that is no older than `since`. */
export async function hasProof(db: Queryable, actor: string, instanceId: string, since: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    'select 1 from admin_proof where actor = $1 and instance_id = $2 and proved_at >= $3',
    [actor, instanceId, since],
  );
  return rowCount === 1;
}

export async function dropOldProofs(db: Queryable, before: Date): Promise<void> {
  await db.query('delete from admin_proof where proved_at < $1', [before]);
}
