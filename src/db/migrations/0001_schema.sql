-- Two owners, never a shared column. PostgreSQL owns the fences (gate, generations, read numbers, restore_until,
-- erased_at); a workflow owns status and causes and writes them as a projection with a version from one sequence.

create sequence projection_version;
create sequence read_number;

create table account (
  id uuid primary key,
  kind text not null check (kind in ('organization', 'enterprise')),
  slug text not null,
  -- null: nobody recorded the terms, which counts as custom
  terms text check (terms in ('standard', 'custom')),
  terms_set_at timestamptz,
  terms_set_by text,
  credential_ciphertext bytea,
  credential_key_id text,
  created_at timestamptz not null default now(),
  unique (kind, slug)
);

create table instance (
  id uuid primary key,
  hostname text not null unique,
  kind text not null check (kind in ('ghes', 'gitea')),
  base_url text not null,
  -- where the profile side's peers are: GitHub.com's API for this instance's account
  account_id uuid not null references account,
  allow_http_loopback boolean not null default false,
  allow_private_network boolean not null default false,
  -- a credential of the instance that reads site_admin, and the OAuth App that revokes tokens
  credential_ciphertext bytea,
  credential_key_id text,
  oauth_client_id text,
  oauth_secret_ciphertext bytea,
  oauth_secret_key_id text,
  -- sharing: all of it is PostgreSQL's; no long-lived workflow owns it
  sharing_status text not null default 'unavailable'
    check (sharing_status in ('unavailable', 'available', 'on', 'turning_off', 'off', 'paused')),
  gate_open boolean not null default false,
  sharing_generation bigint not null default 0,
  sharing_version bigint not null default 0,
  instance_side boolean not null default false,
  instance_side_by text,
  instance_side_at timestamptz,
  account_side boolean not null default false,
  account_side_by text,
  account_side_at timestamptz,
  closed_at timestamptz,
  -- GitHub Connect, as read or as the operator recorded it
  connect text not null default 'unknown' check (connect in ('unknown', 'connected', 'disconnected')),
  connect_seen_at timestamptz,
  connect_lost_at timestamptz,
  connect_lost_looks int not null default 0,
  connect_looked_at timestamptz,
  created_at timestamptz not null default now(),
  -- the gate is open exactly while sharing is on
  check (gate_open = (sharing_status = 'on'))
);

create table profile (
  id uuid primary key,
  github_user_id bigint not null unique,
  visibility text not null default 'private' check (visibility in ('private', 'public')),
  visibility_at timestamptz,
  created_at timestamptz not null default now()
);

create table connection (
  id uuid primary key,
  instance_id uuid not null references instance,
  -- fences
  generation bigint not null default 1,
  -- the instance's when it connected, and the one of its last tick or reconnect
  joined_generation bigint not null,
  sharing_generation bigint,
  read_number bigint not null default 0,
  open_read bigint,
  -- when its last read of its own succeeded: a page's success is the page's row
  own_read_at timestamptz,
  restore_until timestamptz,
  cohort_generation bigint,
  erased_at timestamptz,
  -- projection
  status text not null
    check (status in ('connecting', 'connected', 'sending', 'removing', 'restorable', 'restoring', 'ended')),
  causes text[] not null default '{}',
  version bigint not null default nextval('projection_version'),
  consent_version text,
  consented_at timestamptz,
  sending_since timestamptz,
  created_at timestamptz not null,
  -- of the projection, which is how a workflow that was lost is noticed; and when a sweep last woke it
  recorded_at timestamptz not null default now(),
  woken_at timestamptz
) with (fillfactor = 85);

-- what a sync page reads: the connections of an instance that may be written, by id
create index connection_sending on connection (instance_id, id)
  where status = 'sending' and restore_until is null and erased_at is null;
create index connection_lapse on connection (instance_id, restore_until)
  where restore_until is not null and erased_at is null;
create index connection_overdue on connection (restore_until) where restore_until is not null and erased_at is null;
create index connection_unfinished on connection (erased_at) where erased_at is not null and status <> 'ended';
create index connection_live on connection (instance_id, id) where erased_at is null;
create index connection_connecting on connection (recorded_at) where status = 'connecting' and erased_at is null;
create index connection_underway on connection (recorded_at)
  where status in ('removing', 'restoring') and erased_at is null;

-- The one row that ties a connection to a person. Erasing it anonymises all the rest.
create table connection_person (
  connection_id uuid primary key references connection,
  instance_id uuid not null references instance,
  source_user_id bigint not null,
  source_created_at timestamptz not null,
  profile_id uuid not null references profile,
  -- where an accepted move leads, until the counts at the old profile are verified to be gone
  next_profile_id uuid references profile,
  unique (instance_id, source_user_id, source_created_at),
  unique (instance_id, profile_id),
  unique (instance_id, next_profile_id)
);
create index connection_person_profile on connection_person (profile_id);
create index connection_person_next on connection_person (next_profile_id) where next_profile_id is not null;

create table connection_token (
  connection_id uuid primary key references connection,
  ciphertext bytea not null,
  key_id text not null,
  refresh_ciphertext bytea,
  expires_at timestamptz,
  version bigint not null default 1,
  -- until then one reader may exchange the refresh token; the others wait for what it stores
  refresh_until timestamptz
);

-- Tokens whose link has ended: the ciphertext stays bound to its connection's id, which by now is nobody's.
create table token_revocation (
  connection_id uuid primary key references connection,
  instance_id uuid not null references instance,
  ciphertext bytea,
  key_id text not null,
  queued_at timestamptz not null,
  give_up_at timestamptz not null,
  next_try_at timestamptz not null,
  tries int not null default 0,
  outcome text check (outcome in ('revoked', 'gave_up', 'already_invalid'))
);
create index token_revocation_due on token_revocation (next_try_at) where outcome is null;

-- Tokens that no connection has: of a sign-in until it is revoked, of a connect until it is finished or given up.
create table held_token (
  id uuid primary key,
  -- null: GitHub.com's
  instance_id uuid references instance,
  ciphertext bytea not null,
  refresh_ciphertext bytea,
  key_id text not null,
  expires_at timestamptz,
  -- from then on nobody wants it any more: it is given back
  next_try_at timestamptz not null,
  give_up_at timestamptz not null,
  tries int not null default 0
);
create index held_token_due on held_token (next_try_at);

-- Who has signed in: what sessions, notes and proofs name. Erased 30 days after the last sign-in; when
-- forgotten, with the last session.
create table identity (
  id uuid primary key,
  kind text not null check (kind in ('person', 'support')),
  instance_id uuid references instance,
  source_user_id bigint,
  source_created_at timestamptz,
  -- of support: who they are there, told by signing in there too
  github_user_id bigint,
  issuer text,
  subject text,
  created_at timestamptz not null,
  signed_in_at timestamptz not null,
  check ((kind = 'person') = (instance_id is not null and source_user_id is not null and source_created_at is not null)),
  check (kind <> 'person' or github_user_id is not null),
  check ((kind = 'support') = (issuer is not null and subject is not null)),
  unique (instance_id, source_user_id, source_created_at, github_user_id),
  unique (issuer, subject)
);

-- A browser that is signed in, here and there: a person's is whole once both ids are there.
create table session (
  id uuid primary key,
  -- SHA-256 of the cookie
  hash bytea not null unique,
  identity_id uuid references identity on delete cascade,
  instance_id uuid references instance,
  source_user_id bigint,
  source_created_at timestamptz,
  github_user_id bigint,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null
);
create index session_identity on session (identity_id);
create index session_expiry on session (expires_at);

-- A browser that was sent to sign in and has not come back yet. Nothing of it opens anything: verifier and nonce are
-- made of the browser's cookie.
create table sign_in_flow (
  state_hash bytea primary key,
  browser_hash bytea not null,
  place text not null check (place in ('instance', 'github', 'staff')),
  instance_id uuid references instance,
  purpose text not null check (purpose in ('sign_in', 'connect')),
  -- whose session it is to go on from: a connect is of the one that began it
  session_id uuid references session on delete cascade,
  -- of a connect that has been at the instance
  held_token_id uuid references held_token on delete set null,
  return_to text not null,
  expires_at timestamptz not null
);
create index sign_in_flow_expiry on sign_in_flow (expires_at);

create table access_request (
  id uuid primary key,
  instance_id uuid not null references instance,
  previous_id uuid references access_request,
  requester_source_user_id bigint not null,
  requester_source_created_at timestamptz not null,
  requester_github_user_id bigint not null,
  status text not null check (status in
    ('checking', 'ineligible', 'logged', 'contacted', 'approved', 'denied', 'withdrawn', 'expired')),
  failed_checks text[] not null default '{}',
  decided_by_terms boolean not null default false,
  information_asked boolean not null default false,
  handler text,
  contact_due_at timestamptz,
  expires_at timestamptz,
  nudged_at timestamptz,
  decided_at timestamptz,
  -- how many of each were sent
  reminders integer not null default 0,
  escalations integer not null default 0,
  version bigint not null default nextval('projection_version'),
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  -- when a sweep last looked whether its workflow is there
  looked_at timestamptz
);
-- one open request an instance
create unique index access_request_open on access_request (instance_id)
  where status in ('checking', 'logged', 'contacted');
create index access_request_queue on access_request (status, contact_due_at);
create index access_request_requester on access_request (instance_id, requester_source_user_id);
-- whoever asked was forgotten, and the workflow was not told yet that all is over
create index access_request_forgotten on access_request (id) where requester_github_user_id = 0 and looked_at is null;

-- Free text lives apart, so that it can be erased.
create table note (
  id uuid primary key,
  subject_kind text not null,
  subject_id uuid not null,
  author text not null,
  text text not null,
  created_at timestamptz not null
);
create index note_subject on note (subject_id, created_at);
create index note_author on note (author);

-- Accepted acts that a workflow has still to take up. Reads show them over the projection.
create table intent (
  operation_id text primary key,
  kind text not null check (kind in ('opt_out', 'forget', 'move', 'turn_off')),
  subject_id uuid not null,
  generation bigint not null,
  asked_at timestamptz not null,
  delivered_at timestamptz,
  done_at timestamptz
);
create index intent_open on intent (asked_at) where done_at is null;
create index intent_subject on intent (subject_id);

create table audit (
  id bigint generated always as identity primary key,
  subject_kind text not null check (subject_kind in ('connection', 'request', 'sharing', 'account', 'instance', 'profile', 'token', 'sync', 'restore')),
  subject_id uuid not null,
  -- of which instance the subject is, if of one: no reference, since no row is waited for
  instance_id uuid,
  version bigint not null,
  action text not null,
  actor text not null,
  at timestamptz not null,
  operation_id text,
  detail jsonb not null default '{}',
  recorded_at timestamptz not null default now(),
  -- the transaction that wrote it: records are sealed in this order, once none from before can still come
  xact xid8 not null default pg_current_xact_id(),
  sealed_seq bigint unique check (sealed_seq > 0),
  hash bytea,
  seal_key_id text,
  unique (subject_kind, subject_id, version),
  check ((sealed_seq is null) = (hash is null) and (hash is null) = (seal_key_id is null))
);
create index audit_subject on audit (subject_id, id);
create index audit_instance on audit (instance_id, id) where instance_id is not null;
create index audit_actor on audit (actor, id);
create index audit_at on audit (at, id);
create index audit_unsealed on audit (xact, id) where sealed_seq is null;
create unique index audit_operation on audit (subject_id, operation_id) where operation_id is not null;
-- what is exported besides receipts: what must not come back with a backup
create index audit_kept on audit (id) where action in (
  'connection.opt_out_accepted', 'connection.forget_accepted', 'connection.move_accepted',
  'profile.made_private', 'profile.erased', 'token.revoked', 'request.notes_erased', 'request.requester_erased',
  'sharing.instance_side_disabled', 'sharing.account_side_disabled', 'sharing.revoked',
  'sharing.connect_lost', 'sharing.turning_off_reapplied');

create function audit_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
    and old.sealed_seq is null and new.sealed_seq is not null and new.hash is not null and new.seal_key_id is not null
    and (to_jsonb(new) - 'sealed_seq' - 'hash' - 'seal_key_id') = (to_jsonb(old) - 'sealed_seq' - 'hash' - 'seal_key_id') then
    return new;
  end if;
  raise exception 'audit records are never changed or removed' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_append_only before update or delete on audit
  for each row execute function audit_append_only();
create trigger audit_no_truncate before truncate on audit
  for each statement execute function audit_append_only();

-- The highest number with no lower one still to come: whoever is just writing a record is waited for. Runs as the owner:
-- the application may not lock what it may not change.
create function audit_horizon() returns bigint language plpgsql security definer
  set search_path = public, pg_temp as $$
begin
  lock table audit in share mode;
  return (select coalesce(max(id), 0) from audit);
end $$;

-- When the head of the sealed records was last exported.
create table audit_export (
  only_row boolean primary key default true check (only_row),
  exported_at timestamptz not null
);

create table outbox (
  id uuid primary key,
  event text not null,
  subject_kind text not null,
  subject_id uuid not null,
  address text not null,
  payload jsonb not null default '{}',
  dedupe_key text not null,
  created_at timestamptz not null,
  next_try_at timestamptz not null,
  tries int not null default 0,
  sent_at timestamptz,
  unique (dedupe_key, address)
);
create index outbox_open on outbox (next_try_at) where sent_at is null;
create index outbox_subject on outbox (subject_id);

create table receipt (
  id uuid primary key,
  scope text not null check (scope in ('connection', 'instance')),
  subject_id uuid not null,
  generation bigint not null,
  cause text not null,
  asked_at timestamptz not null,
  verified_at timestamptz not null,
  items_deleted bigint not null,
  items_left bigint not null check (items_left = 0),
  public_copies_expire_at timestamptz not null,
  -- the order in which receipts are exported; as all that a sequence gives, not the order of their commits
  seq bigint generated always as identity unique,
  unique (scope, subject_id, generation)
);

-- Each time that this database was restored from a backup. Until it is lifted no count is written and nothing is shown:
-- what was deleted since the backup is here again.
create table restore_epoch (
  id uuid primary key,
  held_at timestamptz not null,
  held_by text not null,
  lifted_at timestamptz
);
create unique index restore_epoch_held on restore_epoch ((true)) where lifted_at is null;

-- How much a connection's removal deleted, written with the delete itself, so that a repeated step knows it.
create table removal (
  connection_id uuid not null references connection,
  generation bigint not null,
  items_deleted bigint not null,
  primary key (connection_id, generation)
);

-- Progress of turning off, one row an instance and sharing generation.
create table turning_off (
  instance_id uuid not null references instance,
  generation bigint not null,
  cause text not null,
  ends_in text not null check (ends_in in ('off', 'unavailable')),
  asked_at timestamptz not null,
  cohort bigint,
  items_deleted bigint not null default 0,
  connections_done bigint not null default 0,
  cursor_id uuid,
  verified_at timestamptz,
  erased_at timestamptz,
  primary key (instance_id, generation)
);

create table sync_run (
  id uuid primary key,
  scheduled_at timestamptz not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  trigger text not null
);
create index sync_run_started on sync_run (started_at desc);

create table sync_instance_run (
  run_id uuid not null references sync_run on delete cascade,
  instance_id uuid not null references instance,
  started_at timestamptz not null,
  finished_at timestamptz,
  outcome text check (outcome in ('finished', 'partial', 'skipped', 'breaker_open', 'gate_closed')),
  connections bigint not null default 0,
  changed bigint not null default 0,
  failed bigint not null default 0,
  failures jsonb not null default '{}',
  -- where each bucket stopped when time ran out: the rest comes first in the next run
  rest jsonb,
  primary key (run_id, instance_id)
);
create index sync_instance_run_instance on sync_instance_run (instance_id, started_at desc);

create table sync_page (
  run_id uuid not null references sync_run on delete cascade,
  instance_id uuid not null,
  from_id uuid not null,
  to_id uuid,
  -- the number that its latest attempt took; null once a later run shut it
  read_number bigint,
  started_at timestamptz not null,
  finished_at timestamptz,
  connections int not null default 0,
  changed int not null default 0,
  failed int not null default 0,
  primary key (run_id, instance_id, from_id)
);
create index sync_page_instance on sync_page (instance_id, finished_at desc);
create index sync_page_open on sync_page (instance_id) where read_number is not null;

create table sync_failure (
  connection_id uuid primary key references connection,
  -- of the last read; the times count from the first of all reads that failed in a row, whatever their classes
  class text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  times int not null default 1
);

create table sighting (
  connection_id uuid primary key references connection,
  instance_id uuid not null references instance,
  cause text not null check (cause in ('suspended', 'gone', 'token_lost')),
  first_at timestamptz not null,
  last_at timestamptz not null,
  times int not null default 1,
  woken_at timestamptz
);
create index sighting_instance on sighting (instance_id, first_at);

-- Counts of requests by class, route and caller, as rate-limiter-flexible keeps them. Lost in a crash, which is no harm.
create unlogged table rate_limit (
  key text primary key,
  points int not null,
  expire bigint
) with (fillfactor = 50);

create table idempotency (
  caller text not null,
  key text not null,
  route text not null,
  body_hash bytea not null,
  update_id text not null,
  state text not null check (state in ('in_progress', 'done')),
  status int,
  answer jsonb,
  location text,
  locked_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (caller, key)
);
create index idempotency_expiry on idempotency (expires_at);

create table api_token (
  id uuid primary key,
  hash bytea not null unique,
  role text not null check (role in ('operator', 'support', 'person')),
  -- who a person is at both ends, until the token is revoked; of support the GitHub.com user alone
  instance_id uuid references instance,
  source_user_id bigint,
  source_created_at timestamptz,
  github_user_id bigint,
  name text not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  check (revoked_at is not null or (role = 'person') = (instance_id is not null)),
  check (instance_id is null or github_user_id is not null),
  check (role <> 'operator' or github_user_id is null),
  check (revoked_at is not null or role <> 'support' or github_user_id is not null)
);
