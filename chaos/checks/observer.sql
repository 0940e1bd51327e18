-- It runs as the tables' owner: the application may not see what watches it.
-- What the database itself sees, beside the product: each change of a life cycle and each audit record with its
-- transaction, and any count that is written where none may be.
create schema chaos;

create table chaos.moved (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  kind text not null,
  subject_id uuid not null,
  was jsonb,
  becomes jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create table chaos.noted (
  audit_id bigint primary key,
  xid xid8 not null default pg_current_xact_id(),
  kind text not null,
  subject_id uuid not null,
  action text not null
);
create table chaos.breach (
  id bigint generated always as identity primary key,
  what text not null,
  subject_id uuid not null,
  facts jsonb not null,
  at timestamptz not null default clock_timestamp()
);

-- Arguments: the kind, and the columns that are a transition when they change.
create function chaos.note_move() returns trigger language plpgsql security definer set search_path = public as $$
declare
  kind text := tg_argv[0];
  was jsonb := '{}';
  becomes jsonb := '{}';
begin
  for n in 1 .. tg_nargs - 1 loop
    becomes := becomes || jsonb_build_object(tg_argv[n], to_jsonb(new) -> tg_argv[n]);
    if tg_op = 'UPDATE' then was := was || jsonb_build_object(tg_argv[n], to_jsonb(old) -> tg_argv[n]); end if;
  end loop;
  if tg_op = 'INSERT' or was <> becomes then
    insert into chaos.moved (kind, subject_id, was, becomes)
    values (kind, new.id, case when tg_op = 'UPDATE' then was end, becomes);
  end if;
  return null;
end $$;

create trigger chaos_moved after insert or update on connection for each row
  execute function chaos.note_move('connection', 'status', 'causes', 'consent_version', 'generation', 'version');
create trigger chaos_moved after update on instance for each row
  execute function chaos.note_move('sharing', 'sharing_status', 'gate_open', 'sharing_generation', 'instance_side', 'account_side', 'sharing_version');
create trigger chaos_moved after insert or update on access_request for each row
  execute function chaos.note_move('request', 'status', 'handler', 'information_asked', 'nudged_at', 'reminders', 'escalations', 'version');

create function chaos.note_record() returns trigger language plpgsql security definer set search_path = public as $$
begin
  insert into chaos.noted (audit_id, kind, subject_id, action) values (new.id, new.subject_kind, new.subject_id, new.action);
  return null;
end $$;
create trigger chaos_noted after insert on audit for each row execute function chaos.note_record();

-- Days that were deleted, as the table itself sees it: not as the product counts them.
create table chaos.deleted (
  id bigint generated always as identity primary key,
  connection_id uuid not null,
  generation bigint not null,
  items int not null,
  -- Of an instance that is turned off: that is in the receipt of the instance.
  by_instance boolean not null
);
create function chaos.note_deleted() returns trigger language plpgsql security definer set search_path = public as $$
begin
  insert into chaos.deleted (connection_id, generation, items, by_instance)
  select old.connection_id, c.generation, (select count(*) from unnest(old.counts) as n where n > 0),
    exists (select 1 from turning_off t where t.instance_id = c.instance_id and t.verified_at is null
      and coalesce(c.sharing_generation, c.joined_generation) < t.generation)
  from connection c where c.id = old.connection_id;
  return null;
end $$;
create trigger chaos_deleted after delete on ledger for each row execute function chaos.note_deleted();

create function chaos.guard_ledger() returns trigger language plpgsql security definer set search_path = public as $$
declare
  found jsonb;
begin
  select to_jsonb(c) || jsonb_build_object('gate_open', i.gate_open, 'instance_generation', i.sharing_generation) into found
  from connection c join instance i on i.id = c.instance_id where c.id = new.connection_id;
  if found is null or not (found ->> 'gate_open')::boolean
    or (found ->> 'sharing_generation') is distinct from (found ->> 'instance_generation')
    or (found ->> 'restore_until') is not null or (found ->> 'erased_at') is not null
    or (found ->> 'status') not in ('sending', 'restoring') then
    insert into chaos.breach (what, subject_id, facts)
    values ('a count was written where none may be', new.connection_id, coalesce(found, '{}'));
  end if;
  return null;
end $$;
create trigger chaos_guard after insert or update on ledger for each row execute function chaos.guard_ledger();

-- The triggers write as the role of API and worker.
grant usage on schema chaos to public;
grant select, insert on all tables in schema chaos to public;
