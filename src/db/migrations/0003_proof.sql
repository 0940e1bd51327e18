-- When a caller was last read, at the sources of truth, to be a site administrator of the instance and an owner of its
-- account. Turning sharing off accepts a proof of the last 24 hours where the sources cannot be reached; older rows are
-- erased, and so is a proof that a later look contradicts.
create table admin_proof (
  actor text not null,
  instance_id uuid not null references instance,
  proved_at timestamptz not null,
  primary key (actor, instance_id)
);
create index admin_proof_age on admin_proof (proved_at);
