import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  patched,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReadResult } from '../activities/connections.ts';
import { addMs } from '../domain/dates.ts';
import { DomainError } from '../domain/errors.ts';
import { ActQueue } from './act-queue.ts';
import { bySystem, ConnectionLife, nowIso, readConnectionNow, recheckCauses } from './connection-life.ts';
import {
  reconnectUpdate,
  sendUpdate,
  stateQuery,
  updateNowUpdate,
  wakeSignal,
  type Act,
  type ActAnswer,
  type ConnectionInput,
  type ReconnectAct,
  type SendAct,
  type UpdateNowAct,
  type UpdateNowAnswer,
} from './connection.messages.ts';
import { refusalBehind, toFailure } from './refusals.ts';
import { showToOperators } from './search-attributes.ts';

const REMOVAL_PATIENCE_MS = 1000;
const RESTORE_RETRY_MS = { first: 60_000, most: 3_600_000 };

type Request =
  { kind: 'send'; act: SendAct } | { kind: 'reconnect'; act: ReconnectAct } | { kind: 'update_now'; act: UpdateNowAct };

/**
 * The life of one developer's connection, for years. The API starts it once the connection's row is there, or an act of
 * the developer does. It waits for acts, for accepted removals and observed causes that `wake` announces, and for the end
 * of its window to come back; it ends when the link is erased. PostgreSQL owns the fences: each turn reads them anew.
 */
export async function connection(input: ConnectionInput): Promise<void> {
  const { connectionId, carried } = input;
  const life = new ConnectionLife(connectionId);
  const requests = new ActQueue<Request, ActAnswer | UpdateNowAnswer>(carried?.answered);
  let lastUpdateNowAt = carried?.lastUpdateNowAt ?? null;
  let shown = carried?.shown;
  /** When the source is read next because of an act: the first read after a tick, or a restore that is tried again. */
  let readAt = carried?.readAt ?? null;
  let restoreTries = carried?.restoreTries ?? 0;
  let refusals = 0;
  let awake = true;
  /** Reads that run, also those that nobody waits for any more. */
  let reads = 0;

  setHandler(stateQuery, () => life.view?.state ?? null);
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
    await untilNext();
    awake = false;
    try {
      if (await turn()) break;
      refusals = 0;
    } catch (error) {
      // A fence moved between the look and the step: look again, a little later each time.
      if (!refusalBehind(error)) throw error;
      refusals += 1;
      await sleep(Math.min(100 * 2 ** refusals, 60_000), { summary: 'A fence moved: looks again' });
      awake = true;
    }
    await continueWhenLong();
  }
  requests.close(toFailure(new DomainError('not_found')));
  await condition(allHandlersFinished);

  /** One look and what follows from it. @returns whether the connection has ended */
  async function turn(): Promise<boolean> {
    const ended = await life.follow();
    showNow();
    if (ended) return true;
    const answered = await requests.settleNext(answer);
    // More may wait; and a refusal may mean that something was accepted meanwhile: look again.
    awake ||= answered === false || !requests.isEmpty;
    showNow();
    await readWhenDue();
    showNow();
    return false;
  }

  function showNow(): void {
    if (!life.view) return;
    const { state, restoreUntil, instanceId } = life.view;
    shown = showToOperators(shown, { status: state.status, dueAt: restoreUntil ?? undefined, instanceId });
  }

  /** Deadlines are absolute, so that they survive continue-as-new. */
  async function untilNext(): Promise<void> {
    const { at, summary } = nextDeadline();
    const isDue = () => awake || !requests.isEmpty;
    if (at === null) await condition(isDue);
    else await condition(isDue, Math.max(1, Date.parse(at) - Date.now()), { summary });
  }

  function nextDeadline(): { at: string | null; summary: string } {
    if (readAt !== null) return { at: readAt, summary: 'Reads the instance again' };
    return { at: life.view?.restoreUntil ?? null, summary: 'The window to come back ends' };
  }

  async function continueWhenLong(): Promise<void> {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (!continueAsNewSuggested && historyLength <= (input.maxEvents ?? Infinity)) return;
    // A read that was left to itself keeps its run, and with it its retries and its end in the history: a later turn
    // continues.
    if (reads > 0 && patched('connection-outlives-its-reads')) return;
    // A handler that still waits may yet hand over a request: then that comes first. A call to wake up is not lost, since
    // every run begins with a look; waiting for it would keep what is refused again and again from ever continuing.
    await condition(() => !requests.isEmpty || allHandlersFinished());
    if (!requests.isEmpty) return;
    const { answered } = requests;
    await continueAsNew<typeof connection>({
      ...input,
      carried: { schemaVersion: 1, answered, lastUpdateNowAt, readAt, restoreTries, ...(shown && { shown }) },
    });
  }

  function refuseEarly(_act: Act): void {
    if (life.view?.state.status === 'ended') throw toFailure(new DomainError('not_found'));
  }

  function refuseTooSoon(act: UpdateNowAct): void {
    refuseEarly(act);
    if (!requests.knows(act.operationId)) requireInterval(act);
  }

  function requireInterval(act: UpdateNowAct): void {
    if (lastUpdateNowAt === null) return;
    const retryAt = addMs(lastUpdateNowAt, act.everyMs);
    if (retryAt > act.asOf) throw toFailure(new DomainError('update_too_soon', undefined, { retryAt }));
  }

  /** Hands a request to the main loop and answers when the loop has settled it. */
  async function handle(request: Request): Promise<ActAnswer | UpdateNowAnswer> {
    const { operationId } = request.act;
    if (!requests.knows(operationId)) await refuseWhileRemoving();
    return requests.ask(operationId, request);
  }

  /**
   * While counts are deleted nobody waits long for an answer: the deletion takes milliseconds, or it waits for a server.
   * A little is waited, since PostgreSQL shows the end of a deletion before this workflow hears of it.
   */
  async function refuseWhileRemoving(): Promise<void> {
    const isRemoved = () => life.view?.state.status !== 'removing';
    if (isRemoved()) return;
    const summary = 'Waits a little for a deletion';
    if (!(await condition(isRemoved, REMOVAL_PATIENCE_MS, { summary }))) throw toFailure(new DomainError('removing'));
  }

  async function answer(request: Request): Promise<ActAnswer | UpdateNowAnswer> {
    if (request.kind === 'update_now') return updateNow(request.act);
    if (request.kind === 'send') await send(request.act);
    else await reconnect(request.act);
    const { state, version } = life.view!;
    return { status: state.status, version };
  }

  async function send(act: SendAct): Promise<void> {
    requireGate();
    if (life.view!.switchedOff) throw new DomainError('wrong_state');
    const { action } = await life.commit({ type: 'send', consentVersion: act.consentVersion }, act);
    if (action !== undefined) readAt = nowIso();
  }

  /** @throws DomainError of the gate, as an act that is committed would say it */
  function requireGate(): void {
    const { sharing } = life.view!;
    if (sharing === 'on') return;
    if (sharing === 'turning_off' || sharing === 'paused') {
      throw new DomainError(sharing === 'paused' ? 'sharing_paused' : 'turning_off');
    }
    throw new DomainError('sharing_off');
  }

  async function reconnect(act: ReconnectAct): Promise<void> {
    requireGate();
    const causes = life.view!.state.causes.filter((cause) => cause !== 'opted_out');
    if (causes.length > 0) {
      const { lifted } = await recheckCauses({ connectionId, asOf: nowIso() });
      if (lifted) await life.commit({ type: 'lift', causes }, { ...act, operationId: `${act.operationId}/lift` });
    }
    const { consentVersion } = act;
    await life.commit({ type: 'reconnect', ...(consentVersion !== undefined && { consentVersion }) }, act);
    restoreTries = 0;
    readAt = nowIso();
  }

  async function updateNow(act: UpdateNowAct): Promise<UpdateNowAnswer> {
    requireGate();
    if (life.view!.state.status !== 'sending' || life.view!.switchedOff) throw new DomainError('wrong_state');
    requireInterval(act);
    lastUpdateNowAt = act.asOf;
    const result = await readUnlessWoken();
    if (!result) {
      // What woke it comes first; if it still may, the turn that follows reads.
      readAt = nowIso();
      return { outcome: 'stale' };
    }
    return result.outcome === 'failed' ? { outcome: 'failed', failure: result.failure } : { outcome: result.outcome };
  }

  /** A removal that is accepted meanwhile waits for no instance: whatever the read still writes is refused by its fence. */
  function readUnlessWoken(): Promise<ReadResult | undefined> {
    reads += 1;
    const read = readConnectionNow({ connectionId, generation: life.view!.generation, asOf: nowIso() }).finally(() => {
      reads -= 1;
    });
    return Promise.race([read, condition(() => awake).then(() => undefined)]);
  }

  /** The first read after a tick, or the read that restores. */
  async function readWhenDue(): Promise<void> {
    const { writable, switchedOff, state } = life.view!;
    const isRestoring = state.status === 'restoring';
    if (switchedOff || !(isRestoring || state.status === 'sending')) readAt = null;
    else if (isRestoring) readAt ??= nowIso();
    if (readAt === null || readAt > nowIso()) return;
    restoreTries += 1;
    if (!writable) {
      // The instance is paused: a restore waits for it, and sending goes on with the sync.
      readAt = isRestoring ? addMs(nowIso(), restoreBackoffMs()) : null;
      return;
    }
    const result = await readUnlessWoken();
    // Woken: the turn that follows reads again if it still may.
    if (result === undefined) return;
    readAt = null;
    const retryAfterMs = result.outcome === 'failed' ? (result.retryAfterMs ?? 0) : 0;
    if (result.outcome === 'failed') log.info('a read failed', { failure: result.failure, restoring: isRestoring });
    // While it sends, the hourly sync tries again.
    if (!isRestoring) return;
    if (result.outcome === 'failed' || result.outcome === 'stale') {
      readAt = addMs(nowIso(), Math.max(restoreBackoffMs(), retryAfterMs));
    } else {
      await life.commit({ type: 'restored' }, bySystem(`restored/${life.view!.generation}`));
    }
  }

  function restoreBackoffMs(): number {
    return Math.min(RESTORE_RETRY_MS.first * 2 ** Math.max(0, restoreTries - 1), RESTORE_RETRY_MS.most);
  }
}
