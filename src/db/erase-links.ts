import type { Client } from './pool.ts';

// Not days: those of a zone with changing clocks are not all as long.
const REVOCATION_HOURS = 7 * 24;

/**
 * Erases all that ties connections to people. The ciphertext alone, still bound to the connection's id, goes to the
 * revocation queue. Callers hold the rows' locks.
 */
export async function eraseLinks(tx: Client, connectionIds: string[], asOf: string): Promise<void> {
  await tx.query(
    // The deletion waits for a refresh that is just being stored, and gives what that has stored.
    `with gone as (delete from connection_token where connection_id = any($1) returning *)
     insert into token_revocation (connection_id, instance_id, ciphertext, key_id, queued_at, give_up_at, next_try_at)
     select t.connection_id, c.instance_id, t.ciphertext, t.key_id, $2::timestamptz,
       $2::timestamptz + make_interval(hours => $3), $2::timestamptz
     from gone t join connection c on c.id = t.connection_id
     on conflict (connection_id) do nothing`,
    [connectionIds, asOf, REVOCATION_HOURS],
  );
  await eraseMapping(tx, connectionIds);
  await tx.query('delete from sync_failure where connection_id = any($1)', [connectionIds]);
  await tx.query('delete from sighting where connection_id = any($1)', [connectionIds]);
  await tx.query('update connection set erased_at = $2 where id = any($1) and erased_at is null', [
    connectionIds,
    asOf,
  ]);
}

/** The mapping, and profiles that nothing feeds any more; a profile's owner begins anew with a private one. */
async function eraseMapping(tx: Client, connectionIds: string[]): Promise<void> {
  const { rows } = await tx.query<{ profile_id: string; next_profile_id: string | null }>(
    'delete from connection_person where connection_id = any($1) returning profile_id, next_profile_id',
    [connectionIds],
  );
  await eraseUnfedProfiles(
    tx,
    rows.flatMap((row) => [row.profile_id, row.next_profile_id ?? []].flat()),
  );
}

/** Of these profiles, those that nothing feeds any more: they tie an account to nothing. */
export async function eraseUnfedProfiles(tx: Client, ids: string[]): Promise<void> {
  // Whoever connects to one of them meanwhile is waited for, and seen by the statement that follows.
  await tx.query('select 1 from profile where id = any($1) order by id for update', [ids]);
  await tx.query(
    `delete from profile p where p.id = any($1)
       and not exists (select 1 from connection_person m where m.profile_id = p.id or m.next_profile_id = p.id)`,
    [ids],
  );
}
