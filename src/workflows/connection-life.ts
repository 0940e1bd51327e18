import { ActivityFailure, proxyActivities, sleep, uuid4 } from '@temporalio/workflow';
import type { ConnectionActivities, ConnectionView, ReadResult, Recheck } from '../activities/connections.ts';
import { stepConnection, type ConnectionCommand, type ConnectionStep } from '../domain/connection.ts';
import type { Act } from './connection.messages.ts';
import { DomainError } from '../domain/errors.ts';
import { refusalBehind } from './refusals.ts';

const patient = {
  startToCloseTimeout: '30s',
  retry: { initialInterval: '200ms', maximumInterval: '1 minute', backoffCoefficient: 2 },
} as const;
const proxied = (summary: string) => proxyActivities<ConnectionActivities>({ ...patient, summary });

const { loadConnection } = proxied('Looks at the fences, the state and the accepted acts');
const { commitConnectionStep } = proxied('Writes a step');
const { closeIntent } = proxied('Closes an accepted act that changes nothing more');
const { removeConnectionCounts } = proxied('Deletes every count');
const { verifyConnectionRemoval } = proxied('Reads back zero and writes the receipt');
const { lapseConnection } = proxied('Erases the link if its window has passed');

const reading = proxyActivities<ConnectionActivities>({
  startToCloseTimeout: '90s',
  retry: { initialInterval: '1s', maximumInterval: '1 minute', maximumAttempts: 3 },
  summary: 'Reads the counts at the instance',
});

/** A source's own failures are the answer of a read; one that cannot be had at all is no reason to wait for ever. */
export function readConnectionNow(input: Parameters<typeof reading.readConnectionNow>[0]): Promise<ReadResult> {
  return orElse(reading.readConnectionNow(input), {
    outcome: 'failed',
    failure: 'source_unreachable',
    retryAfterMs: null,
  });
}

export function recheckCauses(input: Parameters<typeof reading.recheckCauses>[0]): Promise<Recheck> {
  return orElse(reading.recheckCauses(input), { lifted: false, holds: null });
}

async function orElse<Result>(asked: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ActivityFailure) || refusalBehind(error)) throw error;
    return otherwise;
  }
}

export const nowIso = (): string => new Date().toISOString();

/** An act that nobody asked for just now. Without an id of its own it is a new one each time. */
export const bySystem = (operationId: string = uuid4()): Act => ({ operationId, actor: 'system', asOf: nowIso() });

/**
 * What a run knows of its connection, and what follows from it without a person: accepted removals, a gate that closed,
 * causes that outlived their grace, the end of the window. PostgreSQL owns the fences, so each turn begins with a look.
 */
export class ConnectionLife {
  view: ConnectionView | null = null;
  readonly #connectionId: string;

  constructor(connectionId: string) {
    this.#connectionId = connectionId;
  }

  /** A look and all that follows from it. @returns whether the connection has ended */
  async follow(): Promise<boolean> {
    this.view = await loadConnection({ connectionId: this.#connectionId });
    if (!this.view) return true;
    await this.#takeUpRemovals();
    if (this.view.erased) {
      await this.commit({ type: 'lapse' }, bySystem('lapsed'));
      return true;
    }
    await this.#followFacts();
    return this.#lapsed();
  }

  /** Commits one step and takes its outcome as the state. A fence that refuses leaves all as it was. */
  async commit(command: ConnectionCommand, by: Act, intents: string[] = []): Promise<ConnectionStep> {
    const step = stepConnection(this.#known.state, command);
    if (!step.action) return step;
    const { stale, version, generation, restoreUntil } = await commitConnectionStep.executeWithOptions(
      { ...patient, summary: `Writes ${step.action}` },
      [{ ...this.#written(step, by), intents }],
    );
    if (stale) throw new DomainError('fence_moved');
    this.view = { ...this.#known, state: step.next, version, generation, restoreUntil };
    if (step.fence === 'enter') this.view = { ...this.view, switchedOff: false, writable: true };
    return step;
  }

  get #known(): ConnectionView {
    return this.view!;
  }

  #written(step: ConnectionStep, { operationId, actor, asOf }: Act) {
    const { next, fence } = step;
    return { connectionId: this.#connectionId, operationId, action: step.action!, actor, asOf, next, fence };
  }

  /** Accepted opt-outs and forgets: their fences are closed already, so nothing can be written any more. */
  async #takeUpRemovals(): Promise<void> {
    const { intents } = this.#known;
    for (const { operationId, kind, askedAt } of intents) {
      if (kind === 'forget') await this.#removeCounts('forgotten', askedAt, { type: 'forget' }, [operationId]);
      else if (kind === 'opt_out') await this.#takeUpOptOut(operationId, askedAt);
      else if (kind === 'move') await this.#takeUpMove(operationId, askedAt);
    }
    const { state, erased } = this.#known;
    if (intents.length > 0 || state.status !== 'removing' || erased) return;
    await this.#removeCounts(state.causes.at(-1) ?? 'opted_out', nowIso());
  }

  async #takeUpOptOut(operationId: string, askedAt: string): Promise<void> {
    const by = bySystem(`${operationId}/taken`);
    if (!this.#known.erased) await this.commit({ type: 'opt_out' }, by);
    // The act is done when its deletion is verified; until then it brings a workflow that was lost back to it.
    if (this.#known.state.status === 'removing' && !this.#known.erased) {
      await this.#removeCounts('opted_out', askedAt, { type: 'removed' }, [operationId]);
    } else {
      await closeIntent({ operationId, asOf: nowIso() });
    }
  }

  /** The counts go at the old profile; only then the new one takes its place, and sending goes on where nothing stands against it. */
  async #takeUpMove(operationId: string, askedAt: string): Promise<void> {
    if (this.#known.erased) return closeIntent({ operationId, asOf: nowIso() });
    await this.commit({ type: 'move' }, bySystem(`${operationId}/taken`));
    await this.#removeCounts('moved', askedAt, { type: 'moved' }, [operationId]);
    if (this.#known.state.causes.length > 0) return;
    try {
      await this.commit({ type: 'reconnect' }, bySystem(`${operationId}/reconnected`));
    } catch (error) {
      // Something else was accepted meanwhile, or the gate closed: they may come back by an act of theirs.
      if (!refusalBehind(error)) throw error;
    }
  }

  /** Delete, read back zero, write the receipt; until then nobody is told that it is done. */
  async #removeCounts(
    cause: string,
    askedAt: string,
    command: ConnectionCommand = { type: 'removed' },
    intents: string[] = [],
  ): Promise<void> {
    const { generation } = this.#known;
    const connectionId = this.#connectionId;
    const step = stepConnection(this.#known.state, command);
    for (;;) {
      await removeConnectionCounts({ connectionId, generation });
      // Only now: a deletion may have waited for a server, and nothing is verified before it is.
      const by = bySystem(`removed/${generation}`);
      const commit = step.action ? { ...this.#written(step, by), intents } : null;
      const { left, committed } = await verifyConnectionRemoval({
        connectionId,
        generation,
        cause,
        askedAt,
        commit,
        asOf: by.asOf,
      });
      if (left === 0) {
        this.view = { ...this.#known, state: step.next, version: committed?.version ?? this.#known.version };
        // The link may have ended by itself just before: then the act is done without a step.
        if (!commit) for (const operationId of intents) await closeIntent({ operationId, asOf: by.asOf });
        return;
      }
      await sleep('1s', { summary: 'Counts were left: deletes again' });
    }
  }

  /** What PostgreSQL says that the projection does not: a new row, a gate that closed, a cause that outlived its grace. */
  async #followFacts(): Promise<void> {
    if (this.#known.state.status === 'connecting') await this.commit({ type: 'establish' }, bySystem('established'));
    const { switchedOff, sharing, observed } = this.#known;
    if (switchedOff && sharing !== 'turning_off') await this.commit({ type: 'switched_off' }, bySystem());
    if (!observed || switchedOff) return;
    const asOf = nowIso();
    const { holds } = await recheckCauses({ connectionId: this.#connectionId, asOf });
    // Only what is seen again deletes: the next sighting wakes this connection anew.
    if (holds !== observed) return;
    await this.commit({ type: 'observe', cause: observed }, bySystem());
    if (this.#known.state.status === 'removing') await this.#removeCounts(observed, asOf);
  }

  /** The end of the window. PostgreSQL is asked under the row's lock: a reconnect may have cleared the clock. */
  async #lapsed(): Promise<boolean> {
    const { restoreUntil } = this.#known;
    if (restoreUntil === null || restoreUntil > nowIso()) return false;
    if (!(await lapseConnection({ connectionId: this.#connectionId, asOf: nowIso() }))) return false;
    await this.commit({ type: 'lapse' }, bySystem('lapsed'));
    return true;
  }
}
