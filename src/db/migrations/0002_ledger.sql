-- The profile side: contribution counts by day, and nothing else. One row a connection and year, because that is half
-- a kilobyte and one index entry where a row a day is a hundred of each (docs/decisions/002-ledger-layout.md).
--
-- No foreign key to connection: every write holds that row's lock in its own transaction and ids are never reused, so
-- the check would lock each row once more and prove nothing. It also keeps this table fit to live on its own.
create table ledger (
  connection_id uuid not null,
  year smallint not null,
  -- Element n is day n of the year, null where nothing was contributed: a null takes one bit, a zero would take four
  -- bytes. Always 366 elements, so that a slice is a window; at most 1.6 kB, so TOAST is never used. A year without
  -- any count has no row.
  counts int[] not null check (array_ndims(counts) = 1 and array_lower(counts, 1) = 1 and cardinality(counts) = 366),
  primary key (connection_id, year)
  -- room for an hour's new versions of rows beside the old ones, so that the index is not written (HOT)
) with (fillfactor = 85);

-- The public read and the verification of a deletion both look here, so what is proved gone is what would be shown.
create view ledger_day as
  select connection_id, make_date(year, 1, 1) + (day.number - 1)::int as date, day.count
  from ledger cross join lateral unnest(counts) with ordinality as day (count, number)
  where day.count is not null;

-- Sets the named days of a year, given the counts that are kept or null; a zero removes the day.
create function ledger_set(kept int[], days int[], sent int[]) returns int[] language plpgsql immutable as $$
declare
  result int[] := coalesce(kept, array_fill(null::int, array[366]));
begin
  for n in 1 .. cardinality(days) loop
    result[days[n]] := nullif(sent[n], 0);
  end loop;
  return result;
end $$;

-- The last fence: whatever process asks, no count is written to a database that was restored from a backup before what was
-- deleted since is deleted again. A function in PL/pgSQL sees what was committed while its statement waited.
create function ledger_held() returns trigger language plpgsql as $$
begin
  if exists (select 1 from restore_epoch where lifted_at is null) then
    raise exception 'The database was restored from a backup: no count is written before "deletions reapply" is through.'
      using errcode = 'UCR01';
  end if;
  return null;
end $$;
create trigger ledger_held before insert or update on ledger for each statement execute function ledger_held();
