import { setTimeout as delay } from 'node:timers/promises';
import type { AccessRequest, Notice, Requester, Standing } from '../domain/access-request.ts';
import type { Client, Pool } from '../db/pool.ts';
import type * as Audit from '../db/audit.ts';
import type * as Instances from '../db/instances.ts';
import type * as Outbox from '../db/outbox.ts';
import type * as Requests from '../db/access-requests.ts';
import { judge, type Eligibility } from '../domain/eligibility.ts';
import { DomainError } from '../domain/errors.ts';
import type { Answer, Authority } from '../ports/authority.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';
import { guarded } from './failures.ts';

/** Who made a transition, when (ISO), and the key that makes it the same one when it runs again. */
export interface TransitionBy {
  actor: string;
  at: string;
  operationId: string;
}

export interface AccessRequestDeps {
  pool: Pool;
  db: {
    inTransaction<T>(pool: Pool, work: (tx: Client) => Promise<T>): Promise<T>;
    requests: Pick<typeof Requests, 'lockRequest' | 'projectRequest'>;
    instances: Pick<typeof Instances, 'loadInstance' | 'sourceInstance'>;
    audit: Pick<typeof Audit, 'recordAudit' | 'recordedVersion'>;
    outbox: Pick<typeof Outbox, 'enqueue'>;
  };
  authority: Pick<Authority, 'isSiteAdmin' | 'isAccountOwner' | 'isConnected'>;
  cipher: TokenCipher;
  /** Moves the instance's sharing from unavailable to available, in the approval's own transaction. */
  makeAvailable(tx: Client, instanceId: string, by: TransitionBy): Promise<unknown>;
}

export interface RequestCommit extends TransitionBy {
  requestId: string;
  /** The status and the version that the step started from; 0 for the row as it was made. */
  from: AccessRequest['status'];
  fromVersion: number;
  next: AccessRequest;
  action: string;
  notices: Notice[];
  noteId: string | null;
}

/** What the row says when the step has ended. */
export interface RequestCommitted extends Standing {
  /** The operation is on record, by now or since long. Else the row had moved on from where the step started. */
  done: boolean;
}

export function createAccessRequestActivities(deps: AccessRequestDeps) {
  const { pool, db } = deps;
  return {
    /** Every check, read where it is true. What cannot be reached within the time is an answer, not an error. */
    async readEligibility(input: { instanceId: string; requester: Requester; withinMs: number }): Promise<Eligibility> {
      return guarded(async () => {
        const instance = await db.instances.loadInstance(pool, input.instanceId);
        if (!instance) throw new DomainError('not_found');
        const [siteAdmin, accountOwner, connected] = await within(input.withinMs, [
          isSiteAdmin(deps, instance, input.requester),
          isAccountOwner(deps, instance, input.requester),
          isConnected(deps, instance),
        ]);
        return judge({
          siteAdmin,
          accountOwner,
          connected,
          sharing: instance.sharing.status,
          terms: instance.account.terms,
          accountKind: instance.account.kind,
        });
      });
    },

    /** One step: projection, audit record, messages and, on approval, the sharing, in one transaction. */
    async commitRequestStep(commit: RequestCommit): Promise<RequestCommitted> {
      return guarded(() => db.inTransaction(pool, (tx) => commitStep(deps, tx, commit)));
    },
  };
}
export type AccessRequestActivities = ReturnType<typeof createAccessRequestActivities>;

async function commitStep(deps: AccessRequestDeps, tx: Client, commit: RequestCommit): Promise<RequestCommitted> {
  const { db } = deps;
  const { requestId, next, actor, at, operationId } = commit;
  const row = await db.requests.lockRequest(tx, requestId);
  if (!row) throw new DomainError('not_found');
  const { instanceId, ...standing } = row;
  if ((await db.audit.recordedVersion(tx, requestId, operationId)) !== undefined) return { ...standing, done: true };
  if (!startsFrom(commit, standing)) return { ...standing, done: false };
  if (next.status === 'approved') await deps.makeAvailable(tx, instanceId, { actor, at, operationId });
  const version = await db.audit.recordAudit(tx, {
    subjectKind: 'request',
    subjectId: requestId,
    action: commit.action,
    actor,
    at,
    operationId,
    detail: detailOf(commit),
  });
  await db.requests.projectRequest(tx, requestId, next, version);
  await db.outbox.enqueue(
    tx,
    commit.notices.map(({ event, to }) => ({
      event,
      subjectKind: 'request',
      subjectId: requestId,
      address: to,
      dedupeKey: `${requestId}/${operationId}/${event}`,
      payload: { instanceId, ...(commit.noteId === null ? {} : { noteId: commit.noteId }) },
      at,
    })),
  );
  return { request: next, version, done: true };
}

/** A workflow or a database that was restored to an earlier moment does not know what the other one does. */
function startsFrom({ from, fromVersion }: RequestCommit, { request, version }: Standing): boolean {
  return request.status === from && (fromVersion === 0 || fromVersion === version);
}

function detailOf({ from, next, noteId }: RequestCommit): Record<string, unknown> {
  return {
    from,
    to: next.status,
    ...(next.failedChecks.length === 0 ? {} : { failedChecks: next.failedChecks }),
    ...(noteId === null ? {} : { noteId }),
  };
}

type Known = Promise<boolean | undefined>;

async function isSiteAdmin(deps: AccessRequestDeps, instance: Instances.InstanceRow, requester: Requester): Known {
  if (!instance.credential) return undefined;
  const { ciphertext, keyId } = instance.credential;
  const opened = deps.cipher.open(ciphertext, keyId, instance.id);
  if (opened === undefined) return undefined;
  const who = { userId: requester.sourceUserId, createdAt: requester.sourceCreatedAt };
  return valueOf(await deps.authority.isSiteAdmin(deps.db.instances.sourceInstance(instance), opened, who));
}

async function isAccountOwner(
  deps: AccessRequestDeps,
  { account }: Instances.InstanceRow,
  requester: Requester,
): Known {
  const credential = accountCredential(deps, account);
  if (credential === undefined) return undefined;
  return valueOf(await deps.authority.isAccountOwner(account, credential, requester.githubUserId));
}

/** An organization's connection is in no API: its operator records it. */
async function isConnected(deps: AccessRequestDeps, { account, hostname, connect }: Instances.InstanceRow): Known {
  if (account.kind === 'organization') return connect === 'connected';
  const credential = accountCredential(deps, account);
  if (credential === undefined) return undefined;
  return valueOf(await deps.authority.isConnected(account, credential, hostname));
}

function accountCredential(deps: AccessRequestDeps, account: Instances.InstanceRow['account']): string | undefined {
  const { credential, id } = account;
  return credential && deps.cipher.open(credential.ciphertext, credential.keyId, id);
}

function valueOf(answer: Answer<boolean>): boolean | undefined {
  return answer.known ? answer.value : undefined;
}

/** What is not there in time is unknown; the exchange itself ends by its own limits. */
async function within(ms: number, asked: [Known, Known, Known]): Promise<(boolean | undefined)[]> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    return await Promise.all(asked.map((answer) => Promise.race([answer, late])));
  } finally {
    timer.abort();
  }
}
