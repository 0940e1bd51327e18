import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  proxyActivities,
  setHandler,
  sleep,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { ConnectionActivities, ConnectionView } from '../activities/connections.ts';
import { stepConnection, type ConnectionCommand, type ConnectionStep } from '../domain/connection.ts';
import { addMs } from '../domain/dates.ts';
import { DomainError } from '../domain/errors.ts';
import {
  reconnectUpdate,
  sendUpdate,
  stateQuery,
  updateNowUpdate,
  wakeSignal,
  type Act,
  type ActAnswer,
  type ConnectionInput,
  type SendAct,
  type UpdateNowAct,
  type UpdateNowAnswer,
} from './connection.messages.ts';
import { refusalBehind, toFailure } from './refusals.ts';

const activities = proxyActivities<ConnectionActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '200ms', maximumInterval: '1 minute', backoffCoefficient: 2 },
});
/** A read's own failures are its answer; only a lost worker makes it run again. */
const reading = proxyActivities<ConnectionActivities>({
  startToCloseTimeout: '90s',
  retry: { initialInterval: '1s', maximumInterval: '1 minute' },
});

const RECENT_OPERATIONS = 50;
const REMOVAL_PATIENCE_MS = 1000;
const RESTORE_RETRY_MS = { first: 60_000, most: 3_600_000 };

type Request =
  { kind: 'send'; act: SendAct } | { kind: 'reconnect'; act: Act } | { kind: 'update_now'; act: UpdateNowAct };
type Settled = { ok: true; answer: ActAnswer | UpdateNowAnswer } | { ok: false; failure: Error };

const nowIso = () => new Date().toISOString();

/**
 * The life of one developer's connection, for years. The API starts it once the connection's row is there, or an act of
 * the developer does. It waits for acts, for accepted removals and observed causes that `wake` announces, and for the end
 * of its window to come back; it ends when the link is erased. PostgreSQL owns the fences: each turn reads them anew.
 */
export async function connection(input: ConnectionInput): Promise<void> {
  const { connectionId } = input;
  const recent = input.carried?.recentOperations ?? [];
  let lastUpdateNowAt = input.carried?.lastUpdateNowAt ?? null;
  let view: ConnectionView | null = null;
  let awake = true;
  let readDue = false;
  let restoreTries = 0;
  let refusals = 0;
  let over = false;
  const requests: Request[] = [];
  const settled = new Map<string, Settled>();

  setHandler(stateQuery, () => view?.state ?? null);
  setHandler(wakeSignal, () => {
    awake = true;
  });
  setHandler(sendUpdate, async (act) => (await handle({ kind: 'send', act })) as ActAnswer, { validator: refuseEarly });
  setHandler(reconnectUpdate, async (act) => (await handle({ kind: 'reconnect', act })) as ActAnswer, {
    validator: refuseEarly,
  });
  setHandler(updateNowUpdate, async (act) => (await handle({ kind: 'update_now', act })) as UpdateNowAnswer, {
    validator: refuseTooSoon,
  });

  for (;;) {
    await condition(() => awake || readDue || requests.length > 0, waitMs());
    awake = false;
    try {
      if (await turn()) break;
      refusals = 0;
    } catch (error) {
      // A fence moved between the look and the step: look again, a little later each time.
      if (!refusalBehind(error)) throw error;
      refusals += 1;
      await sleep(Math.min(100 * 2 ** refusals, 60_000));
      awake = true;
    }
    await continueWhenLong();
  }
  over = true;
  await condition(allHandlersFinished);

  /** One look and what follows from it. @returns whether the connection has ended */
  async function turn(): Promise<boolean> {
    view = await activities.loadConnection({ connectionId, asOf: nowIso() });
    if (!view) return true;
    await takeUpRemovals();
    if (view.erased) {
      await commit({ type: 'lapse' }, { ...bySystem(), operationId: 'lapsed' });
      return true;
    }
    await followFacts();
    if (await lapsed()) return true;
    await answerNext();
    await restoreOrRead();
    return false;
  }

  async function continueWhenLong(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested && !tooLong()) return;
    // A handler that still waits may yet hand over a request: then that comes first.
    const pending = () => requests.length > 0 || awake || readDue;
    await condition(() => pending() || allHandlersFinished());
    if (pending()) return;
    await continueAsNew<typeof connection>({ ...input, carried: { recentOperations: recent, lastUpdateNowAt } });
  }

  function refuseEarly(_act: Act): void {
    if (view?.state.status === 'ended') throw toFailure(new DomainError('not_found'));
  }

  /**
   * While counts are deleted nobody waits long for an answer: the deletion takes milliseconds, or it waits for a server.
   * A little is waited, since PostgreSQL shows the end of a deletion before this workflow hears of it.
   */
  async function refuseWhileRemoving(): Promise<void> {
    const removed = () => view?.state.status !== 'removing';
    if (!removed() && !(await condition(removed, REMOVAL_PATIENCE_MS))) throw toFailure(new DomainError('removing'));
  }

  function refuseTooSoon(act: UpdateNowAct): void {
    refuseEarly(act);
    if (lastUpdateNowAt === null || settled.has(act.operationId)) return;
    const retryAt = addMs(lastUpdateNowAt, act.everyMs);
    if (retryAt > act.asOf) throw toFailure(new DomainError('update_too_soon', undefined, { retryAt }));
  }

  /** Hands a request to the main loop and answers when the loop has settled it. */
  async function handle(request: Request): Promise<ActAnswer | UpdateNowAnswer> {
    const { operationId } = request.act;
    const known = recent.find((one) => one.operationId === operationId);
    if (known) return known.answer;
    await refuseWhileRemoving();
    if (!settled.has(operationId) && !requests.some((one) => one.act.operationId === operationId))
      requests.push(request);
    await condition(() => settled.has(operationId) || over);
    const result = settled.get(operationId);
    if (!result) throw toFailure(new DomainError('not_found'));
    if (!result.ok) throw result.failure;
    return result.answer;
  }

  function settle(operationId: string, result: Settled): void {
    settled.set(operationId, result);
    if (settled.size > RECENT_OPERATIONS) settled.delete(settled.keys().next().value!);
    if (result.ok && 'status' in result.answer) {
      recent.push({ operationId, answer: result.answer });
      if (recent.length > RECENT_OPERATIONS) recent.shift();
    }
  }

  /** How long nothing needs to be done by itself; deadlines are absolute, so that they survive continue-as-new. */
  function waitMs(): number | undefined {
    const deadline = nextDeadline();
    return deadline === undefined ? undefined : Math.max(1, Date.parse(deadline) - Date.now());
  }

  function nextDeadline(): string | undefined {
    if (!view) return undefined;
    if (view.state.status === 'restoring') return addMs(nowIso(), restoreBackoffMs());
    return view.restoreUntil ?? undefined;
  }

  function restoreBackoffMs(): number {
    return Math.min(RESTORE_RETRY_MS.first * 2 ** Math.max(0, restoreTries - 1), RESTORE_RETRY_MS.most);
  }

  function tooLong(): boolean {
    return input.maxEvents !== undefined && workflowInfo().historyLength > input.maxEvents;
  }

  /** Commits one step and takes its outcome as the state. A fence that refuses leaves all as it was. */
  async function commit(command: ConnectionCommand, by: Act, intents: string[] = []): Promise<ConnectionStep> {
    const step = stepConnection(view!.state, command);
    if (step.action) {
      const done = await activities.commitConnectionStep({ ...stepInput(step, by), intents });
      view = {
        ...view!,
        state: step.next,
        version: done.version,
        generation: done.generation,
        restoreUntil: done.restoreUntil,
      };
      if (step.fence === 'enter') view = { ...view, switchedOff: false, writable: true };
    }
    return step;
  }

  function stepInput(step: ConnectionStep, by: Act) {
    return {
      connectionId,
      operationId: by.operationId,
      action: step.action!,
      actor: by.actor,
      asOf: by.asOf,
      next: step.next,
      fence: step.fence,
    };
  }

  function bySystem(): Act {
    return { operationId: uuid4(), actor: 'system', asOf: nowIso() };
  }

  /** Accepted opt-outs and forgets: their fences are closed already, so nothing can be written any more. */
  async function takeUpRemovals(): Promise<void> {
    for (const intent of view!.intents) {
      const by = { operationId: `${intent.operationId}/taken`, actor: 'system', asOf: nowIso() };
      if (intent.kind === 'opt_out' && view!.erased) {
        await closeIntent(intent.operationId);
      } else if (intent.kind === 'opt_out') {
        const step = await commit({ type: 'opt_out' }, by, [intent.operationId]);
        if (!step.action) await closeIntent(intent.operationId);
        if (view!.state.status === 'removing') await removeCounts('opted_out', intent.askedAt);
      } else if (intent.kind === 'forget') {
        await removeCounts('forgotten', intent.askedAt, intent.operationId);
      }
    }
    if (view!.intents.length === 0 && view!.state.status === 'removing' && !view!.erased) {
      await removeCounts(view!.state.causes.at(-1) ?? 'opted_out', nowIso());
    }
  }

  /** An opt-out of what was removed before changes nothing but must not wait for ever. */
  async function closeIntent(operationId: string): Promise<void> {
    await activities.closeIntent({ operationId, asOf: nowIso() });
  }

  /** Delete, read back zero, write the receipt; until then nobody is told that it is done. */
  async function removeCounts(cause: string, askedAt: string, forget?: string): Promise<void> {
    const { generation } = view!;
    const by = { ...bySystem(), operationId: `removed/${generation}` };
    const step = stepConnection(view!.state, forget === undefined ? { type: 'removed' } : { type: 'forget' });
    const intents = forget === undefined ? [] : [forget];
    for (;;) {
      await activities.removeConnectionCounts({ connectionId, generation });
      const { left, committed } = await activities.verifyConnectionRemoval({
        connectionId,
        generation,
        cause,
        askedAt,
        commit: step.action ? { ...stepInput(step, by), intents } : null,
        asOf: by.asOf,
      });
      if (left > 0) continue;
      view = { ...view!, state: step.next, version: committed?.version ?? view!.version };
      return;
    }
  }

  /** What PostgreSQL says that the projection does not: a new row, a gate that closed, a cause that outlived its grace. */
  async function followFacts(): Promise<void> {
    if (view!.state.status === 'connecting')
      await commit({ type: 'establish' }, { ...bySystem(), operationId: 'established' });
    if (view!.switchedOff && !view!.turningOff) await commit({ type: 'switched_off' }, bySystem());
    if (view!.observed && !view!.switchedOff) {
      const lifted = await reading.recheckCauses({ connectionId, causes: [view!.observed], asOf: nowIso() });
      if (lifted.length > 0) return;
      const askedAt = nowIso();
      await commit({ type: 'observe', cause: view!.observed }, bySystem());
      if (view!.state.status === 'removing') await removeCounts(view!.observed, askedAt);
    }
  }

  /** The end of the window. PostgreSQL is asked under the row's lock: a reconnect may have cleared the clock. */
  async function lapsed(): Promise<boolean> {
    const { restoreUntil } = view!;
    if (restoreUntil === null || restoreUntil > nowIso()) return false;
    if (!(await activities.lapseConnection({ connectionId, asOf: nowIso() }))) return false;
    await commit({ type: 'lapse' }, { ...bySystem(), operationId: 'lapsed' });
    return true;
  }

  async function answerNext(): Promise<void> {
    const request = requests.shift();
    if (!request) return;
    awake ||= requests.length > 0;
    try {
      settle(request.act.operationId, { ok: true, answer: await answer(request) });
    } catch (error) {
      const failure = refusalBehind(error);
      if (!failure) throw error;
      settle(request.act.operationId, { ok: false, failure });
      // Something was accepted meanwhile: look again.
      awake = true;
    }
  }

  async function answer(request: Request): Promise<ActAnswer | UpdateNowAnswer> {
    if (request.kind === 'update_now') return updateNow(request.act);
    if (request.kind === 'send') {
      if (view!.switchedOff) throw new DomainError('wrong_state');
      const step = await commit({ type: 'send', consentVersion: request.act.consentVersion }, request.act);
      readDue ||= step.action !== undefined;
    } else {
      await reconnect(request.act);
    }
    return { status: view!.state.status, version: view!.version };
  }

  async function reconnect(act: Act): Promise<void> {
    const observed = view!.state.causes.filter((cause) => cause !== 'opted_out');
    if (observed.length > 0) {
      const lifted = await reading.recheckCauses({ connectionId, causes: observed, asOf: nowIso() });
      await commit({ type: 'lift', causes: lifted }, { ...act, operationId: `${act.operationId}/lift` });
    }
    await commit({ type: 'reconnect' }, act);
    restoreTries = 0;
    readDue = true;
  }

  async function updateNow(act: UpdateNowAct): Promise<UpdateNowAnswer> {
    if (view!.state.status !== 'sending' || view!.switchedOff) throw new DomainError('wrong_state');
    refuseTooSoon(act);
    lastUpdateNowAt = act.asOf;
    return read();
  }

  async function read(): Promise<UpdateNowAnswer> {
    const result = await reading.readConnectionNow({ connectionId, generation: view!.generation, asOf: nowIso() });
    return result.outcome === 'failed' ? { outcome: 'failed', failure: result.failure } : { outcome: result.outcome };
  }

  /**
   * The first read after a tick, or the read that restores. A removal that is accepted meanwhile does not wait for it: its
   * fence has moved, so whatever that read still writes is refused.
   */
  async function restoreOrRead(): Promise<void> {
    const restoring = view!.state.status === 'restoring';
    if (!view!.writable || (!restoring && !(readDue && view!.state.status === 'sending'))) {
      readDue = false;
      return;
    }
    readDue = false;
    restoreTries += 1;
    const outcome = await Promise.race([read(), condition(() => awake).then(() => undefined)]);
    if (outcome === undefined) {
      readDue = true;
      return;
    }
    if (outcome.outcome === 'failed') log.info('a read failed; it is tried again', { failure: outcome.failure });
    if (!restoring || outcome.outcome === 'failed' || outcome.outcome === 'stale') return;
    await commit({ type: 'restored' }, { ...bySystem(), operationId: `restored/${view!.generation}` });
  }
}
