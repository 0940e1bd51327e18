import type { Queryable } from './pool.ts';

export interface PersonKey {
  instanceId: string;
  userId: number;
  createdAt: string;
  githubUserId: number;
  /** The pseudonym of the token in use. */
  actor: string;
}

/** Rows as they are kept, by table. Of tokens: that they are kept and until when, not the ciphertext. */
export type MyData = Record<string, Record<string, unknown>[]>;

/**
 * Everything that is held about a person, each table by its own name and columns. `person` is the mapping; all else is
 * found through it or through the person's ids, by an index in every table that only grows.
 */
export async function myData(db: Queryable, person: PersonKey): Promise<MyData> {
  const found: MyData = {};
  for (const [table, text] of Object.entries(QUERIES)) {
    const { rows } = await db.query<{ row: Record<string, unknown> }>(`${PERSON} ${text}`, [
      person.instanceId,
      person.userId,
      person.createdAt,
      person.githubUserId,
      person.actor,
    ]);
    found[table] = rows.map((one) => one.row);
  }
  return found;
}

const PERSON = `with me as (
    select m.* from connection_person m join profile p on p.id in (m.profile_id, m.next_profile_id)
    where m.instance_id = $1 and m.source_user_id = $2 and m.source_created_at = $3 and p.github_user_id = $4),
  mine as (select connection_id as id from me),
  asked as (select * from access_request where instance_id = $1 and requester_source_user_id = $2
    and requester_source_created_at = $3 and requester_github_user_id = $4),
  known as (select * from identity
    where instance_id = $1 and source_user_id = $2 and source_created_at = $3 and github_user_id = $4),
  given as (select $5::text as actor union select 'token:' || id from api_token
    where instance_id = $1 and source_user_id = $2 and source_created_at = $3 and github_user_id = $4
    union select 'user:' || id from known)`;

// Arrays, since PostgreSQL looks up no index for a subquery that is one side of an "or".
const ABOUT_MINE = `subject_id = any(array(select id from mine))`;
const ABOUT_ASKED = `subject_id = any(array(select id from asked))`;
const GIVEN = `any(array(select actor from given))`;

const QUERIES: Readonly<Record<string, string>> = {
  profile: `select to_jsonb(p) as row from profile p where p.github_user_id = $4`,
  connection_person: `select to_jsonb(me) as row from me`,
  connection: `select to_jsonb(c) as row from connection c where c.id in (select id from mine)`,
  connection_token: `select jsonb_build_object('connection_id', t.connection_id, 'key_id', t.key_id, 'expires_at', t.expires_at,
    'version', t.version, 'refresh_token', t.refresh_ciphertext is not null) as row
    from connection_token t where t.connection_id in (select id from mine)`,
  ledger: `select jsonb_build_object('connection_id', d.connection_id, 'date', d.date, 'count', d.count) as row
    from ledger_day d where d.connection_id in (select id from mine) order by d.connection_id, d.date`,
  intent: `select to_jsonb(i) as row from intent i where i.${ABOUT_MINE}`,
  sync_failure: `select to_jsonb(f) as row from sync_failure f where f.connection_id in (select id from mine)`,
  sighting: `select to_jsonb(s) as row from sighting s where s.connection_id in (select id from mine)`,
  removal: `select to_jsonb(r) as row from removal r where r.connection_id in (select id from mine)`,
  receipt: `select to_jsonb(r) as row from receipt r where r.scope = 'connection' and r.${ABOUT_MINE}`,
  outbox: `select to_jsonb(o) as row from outbox o where o.${ABOUT_MINE} or o.${ABOUT_ASKED}`,
  access_request: `select to_jsonb(a) as row from asked a`,
  note: `select to_jsonb(n) as row from note n
    where n.${ABOUT_MINE} or n.${ABOUT_ASKED} or n.author = ${GIVEN}`,
  audit: `select to_jsonb(a) - 'hash' as row from audit a
    where a.${ABOUT_MINE} or a.${ABOUT_ASKED} or a.actor = ${GIVEN} order by a.id`,
  api_token: `select to_jsonb(t) - 'hash' as row from api_token t where t.instance_id = $1 and t.source_user_id = $2
    and t.source_created_at = $3 and t.github_user_id = $4`,
  identity: `select to_jsonb(k) as row from known k`,
  session: `select to_jsonb(s) - 'hash' as row from session s where s.identity_id in (select id from known)`,
  sign_in_flow: `select to_jsonb(f) - 'state_hash' - 'browser_hash' as row from sign_in_flow f
    where f.session_id in (select id from session where identity_id in (select id from known))`,
  held_token: `select jsonb_build_object('id', h.id, 'instance_id', h.instance_id, 'expires_at', h.expires_at) as row from held_token h
    where h.id in (select f.held_token_id from sign_in_flow f join session s on s.id = f.session_id
      where s.identity_id in (select id from known))`,
  admin_proof: `select to_jsonb(p) as row from admin_proof p where p.actor in (select actor from given)`,
  rate_limit: `select to_jsonb(r) as row from rate_limit r
    where exists (select 1 from given g where right(r.key, length(g.actor)) = g.actor)`,
  idempotency: `select jsonb_build_object('key', i.key, 'route', i.route, 'state', i.state, 'status', i.status, 'answer', i.answer,
    'expires_at', i.expires_at) as row from idempotency i where i.caller in (select actor from given)`,
};
