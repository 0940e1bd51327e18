import { z } from 'zod';
import type { ConnectionRow } from '../db/connections.ts';
import { loadInstance, type InstanceRow } from '../db/instances.ts';
import { openIntents, type Intent } from '../db/intents.ts';
import { lastSync } from '../db/sync-runs.ts';
import { isLive, shownCauses, shownStatus } from '../domain/connection.ts';
import { addMs } from '../domain/dates.ts';
import { SOURCE_FAILURES, type SourceFailure } from '../domain/errors.ts';
import { graceEnds } from '../domain/observed.ts';
import { SOURCE_LABELS } from '../domain/source-label.ts';
import type { Deps } from './deps.ts';
import { failureWords } from './failure-words.ts';
import { cause, connectionStatus, id, sharingStatus, time } from './schemas.ts';

const failure = z.object({
  code: z.enum(SOURCE_FAILURES),
  words: z.string(),
  remedy: z.string(),
  since: time,
  lastAt: time,
  times: z.int(),
});

export const connection = z
  .object({
    id,
    instance: z.object({
      id,
      hostname: z.string(),
      label: z.enum(Object.values(SOURCE_LABELS)),
      sharing: sharingStatus,
    }),
    status: connectionStatus,
    causes: z.array(cause),
    deletionPending: z.boolean().meta({ description: 'A removal is accepted and not yet verified.' }),
    restoreUntil: time.nullable().meta({ description: 'Until when a reconnect restores the past 90 days.' }),
    consentVersion: z.string().nullable(),
    consentedAt: time.nullable(),
    sendingSince: time.nullable(),
    lastSyncAt: time.nullable(),
    failure: failure.nullable(),
    observed: z
      .object({
        cause,
        since: time,
        deletesAfter: time.meta({ description: 'If it still holds then, counts are deleted.' }),
      })
      .nullable(),
    receipts: z.string(),
    createdAt: time,
    version: z.int(),
  })
  .meta({ id: 'Connection' });

/** A connection as its developer sees it: fences and accepted acts before the workflow's projection. */
export async function viewConnection(deps: Deps, row: ConnectionRow): Promise<z.output<typeof connection>> {
  const [intents, sync, instance] = await Promise.all([
    openIntents(deps.pool, row.id),
    lastSync(deps.pool, row.id),
    loadInstance(deps.pool, row.instanceId),
  ]);
  const facts = factsOf(row, intents);
  const status = shownStatus(row.state.status, facts);
  // After a removal nothing is read, and nothing follows from what was seen before it.
  const reads = isLive(status);
  const since = reads ? sync.failure : null;
  const sighting = reads ? row.sighting : null;
  return {
    id: row.id,
    instance: showInstance(instance!),
    status,
    causes: shownCauses(
      row.state.causes,
      facts,
      intents.map(({ kind }) => kind),
    ),
    deletionPending: status === 'removing',
    restoreUntil: restoreUntil(row, deps.config.RESTORE_WINDOW),
    consentVersion: row.state.consentVersion,
    consentedAt: row.consentedAt,
    sendingSince: row.sendingSince,
    lastSyncAt: sync.lastSuccessAt,
    failure: since && {
      code: since.class as SourceFailure,
      ...failureWords(since.class as SourceFailure),
      since: since.firstAt,
      lastAt: since.lastAt,
      times: since.times,
    },
    observed: sighting && {
      cause: sighting.cause,
      since: sighting.firstAt,
      deletesAfter: graceEnds(sighting, {
        tokenMs: deps.config.GRACE_TOKEN,
        observedMs: deps.config.GRACE_OBSERVED,
        sightings: deps.config.GRACE_SIGHTINGS,
      }),
    },
    receipts: `/api/v1/receipts/${row.id}`,
    createdAt: row.createdAt,
    version: row.version,
  };
}

export function factsOf(row: ConnectionRow, intents: readonly Intent[]) {
  return {
    switchedOff: row.switchedOff,
    instanceTurningOff: row.instance.sharingStatus === 'turning_off',
    openRemoval: intents.length > 0,
    erased: row.erasedAt !== null,
  };
}

/** The run that turns an instance off sets the clock in batches; until it comes by, the gate's own time counts. */
function restoreUntil(row: ConnectionRow, windowMs: number): string | null {
  if (row.restoreUntil !== null) return row.restoreUntil;
  return row.switchedOff && row.instance.closedAt !== null ? addMs(row.instance.closedAt, windowMs) : null;
}

function showInstance({ id: instanceId, hostname, kind, sharing }: InstanceRow) {
  return { id: instanceId, hostname, label: SOURCE_LABELS[kind], sharing: sharing.status };
}
