import {
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ApplicationFailure } from '@temporalio/workflow';
import type { AccessRequestActivities } from '../activities/access-requests.ts';
import { assertAllowed, needsChecks, stepAct, type RequestAct } from '../domain/access-request-acts.ts';
import { alarms, dueAlarm, sound, type Alarm } from '../domain/access-request-alarms.ts';
import { concludeChecks, isClosed, newRequest, type RequestStep, type Standing } from '../domain/access-request.ts';
import { failedChecks, type AccountKind, type Eligibility } from '../domain/eligibility.ts';
import { DomainError } from '../domain/errors.ts';
import {
  approveUpdate,
  askInformationUpdate,
  assignUpdate,
  beginUpdate,
  contactUpdate,
  denyUpdate,
  giveInformationUpdate,
  nudgeUpdate,
  recheckUpdate,
  requestQuery,
  standingSignal,
  withdrawUpdate,
  type AccessRequestInput,
  type EarlyAnswer,
  type RequestActBy,
  type RequestAnswer,
} from './access-request.messages.ts';
import { ActQueue } from './act-queue.ts';
import { refusalBehind, toFailure } from './refusals.ts';
import { showToOperators, type OperatorView } from './search-attributes.ts';

// A service that is down is tried for ever; a refusal by the rules is non-retryable by itself.
const retry = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;
const { readEligibility } = proxyActivities<AccessRequestActivities>({
  startToCloseTimeout: '30s',
  retry,
  summary: 'Reads roles and GitHub Connect where they are true',
});
const { commitRequestStep } = proxyActivities<AccessRequestActivities>({ startToCloseTimeout: '20s', retry });

const ALARM_SUMMARIES: Readonly<Record<Alarm['kind'], string>> = {
  remind: 'First contact is due: remind',
  escalate: 'First contact is overdue: escalate',
  expire: 'Expires without activity',
};

interface Order {
  act: RequestAct;
  by: RequestActBy;
}

const nowIso = () => new Date().toISOString();

/**
 * One request for access, from the checks to its end. Started once its row is there: by the API together with `begin`,
 * whose answer is what the terms say, or by a sweeper. It waits for acts of support and of the instance's admins and
 * for absolute deadlines, and ends when it is decided, withdrawn, expired, or found ineligible. Where the row says
 * something else than it knows, one of the two was restored to an earlier moment: it goes on from the row.
 */
export async function accessRequest(input: AccessRequestInput): Promise<void> {
  const { requestId, instanceId, settings } = input;
  let request = input.carried?.request ?? newRequest(input.requester, input.askedAt);
  let version = input.carried?.version ?? 0;
  let accountKind: AccountKind = 'enterprise';
  let refused: ApplicationFailure | undefined;
  let shown = workflowInfo().continuedFromExecutionRunId === undefined ? undefined : operatorView();
  const orders = new ActQueue<Order, RequestAnswer>(input.carried?.recent);

  setHandler(requestQuery, () => request);
  setHandler(standingSignal, (row) => {
    if (row.version > version) goOnFrom(row);
  });
  setHandler(beginUpdate, begin);
  setHandler(assignUpdate, ...forAct('assign'));
  setHandler(contactUpdate, ...forAct('contact'));
  setHandler(askInformationUpdate, ...forAct('ask_information'));
  setHandler(giveInformationUpdate, ...forAct('give_information'));
  setHandler(approveUpdate, ...forAct('approve'));
  setHandler(denyUpdate, ...forAct('deny'));
  setHandler(withdrawUpdate, ...forAct('withdraw'));
  setHandler(nudgeUpdate, ...forAct('nudge'));
  setHandler(recheckUpdate, ...forAct('recheck'));

  shown = showToOperators(shown, operatorView());
  while (!orders.isEmpty || isOpen()) {
    if (request.status === 'checking') await unlessRefused(conclude);
    await continueWhenLong();
    await waitForNext();
    if ((await orders.settleNext(perform)) === undefined) await unlessRefused(soundDue);
  }
  await condition(allHandlersFinished);

  function isOpen(): boolean {
    return refused === undefined && !isClosed(request.status);
  }

  /** What nobody asked for is refused where the row is not there: nothing is left to do. */
  async function unlessRefused(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      refused = refusalBehind(error);
      if (!refused) throw error;
    }
  }

  /** The checks and what follows from them. */
  async function conclude(): Promise<void> {
    const outcome = await readChecks();
    if (request.status !== 'checking') return;
    if (outcome.reachable) accountKind = outcome.accountKind;
    const by = bySystem('checks');
    await commit(concludeChecks(request, outcome, by.asOf, settings), by);
  }

  async function readChecks(): Promise<Eligibility> {
    const until = Date.now() + settings.proofWithinMs;
    for (let wait = settings.proofRetryMs; ; wait *= 2) {
      const withinMs = Math.max(until - Date.now(), 1);
      const outcome = await readEligibility({ instanceId, requester: request.requester, withinMs });
      if (outcome.reachable || Date.now() + wait >= until) return outcome;
      await sleep(wait, { summary: 'A source of truth could not be reached' });
    }
  }

  async function begin(): Promise<EarlyAnswer> {
    await condition(() => refused !== undefined || request.status !== 'checking');
    if (refused) throw refused;
    if (request.failedChecks.includes('proof_unavailable')) throw toFailure(new DomainError('proof_unavailable'));
    if (request.status === 'ineligible') {
      return { status: 'ineligible', failedChecks: failedChecks(request.failedChecks, accountKind) };
    }
    if (request.status === 'approved') return { status: 'approved', instructionsUrl: settings.instructionsUrl };
    if (isClosed(request.status)) throw toFailure(new DomainError('request_closed'));
    return { status: 'logged', contactDueAt: request.contactDueAt! };
  }

  /** A handler that hands its act to the main loop, and a validator that refuses what needs nobody to be asked. */
  function forAct<Type extends RequestAct['type']>(type: Type) {
    type Arg = RequestActBy & Omit<Extract<RequestAct, { type: Type }>, 'type'>;
    const toOrder = ({ operationId, actor, asOf, ...rest }: Arg): Order => ({
      act: { type, ...rest } as unknown as RequestAct,
      by: { operationId, actor, asOf },
    });
    const handler = (arg: Arg): Promise<RequestAnswer> => orders.ask(arg.operationId, toOrder(arg));
    return [handler, { validator: (arg: Arg): void => validate(toOrder(arg)) }] as const;
  }

  function validate({ act, by }: Order): void {
    if (orders.knows(by.operationId)) return;
    try {
      assertAllowed(request, act, by.asOf, settings);
    } catch (error) {
      throw refusalBehind(error) ?? error;
    }
  }

  async function perform({ act, by }: Order): Promise<RequestAnswer> {
    assertAllowed(request, act, by.asOf, settings);
    const outcome = needsChecks(act) ? await readChecks() : undefined;
    const step = stepAct(request, act, by.asOf, settings, outcome);
    // Where the row had moved on, the act is judged anew by what it says.
    if (!(await commit(step, by, 'noteId' in act ? act.noteId : null))) return perform({ act, by });
    return { status: request.status, version };
  }

  /** @returns whether it is on record */
  async function commit(step: RequestStep, by: RequestActBy, noteId: string | null = null): Promise<boolean> {
    if (step.action === undefined) return true;
    const { next, action, notices } = step;
    const { operationId, actor, asOf } = by;
    const from = { from: request.status, fromVersion: version };
    const written = { requestId, ...from, next, action, notices, noteId, operationId, actor, at: asOf };
    const committed = await commitRequestStep.executeWithOptions(
      { startToCloseTimeout: '20s', retry, summary: `Writes ${action}` },
      [written],
    );
    goOnFrom(committed);
    return committed.done;
  }

  function goOnFrom(row: Standing): void {
    ({ request, version } = row);
    shown = showToOperators(shown, operatorView());
  }

  function operatorView(): OperatorView {
    return { status: request.status, dueAt: alarms(request, settings)[0]?.at, instanceId };
  }

  async function waitForNext(): Promise<void> {
    const next = alarms(request, settings)[0];
    const ms = next === undefined ? 0 : Date.parse(next.at) - Date.now();
    const known = version;
    const isWoken = () => !orders.isEmpty || version !== known;
    if (ms > 0) await condition(isWoken, ms, { summary: ALARM_SUMMARIES[next!.kind] });
  }

  async function soundDue(): Promise<void> {
    const due = dueAlarm(request, settings, nowIso());
    if (due) await commit(sound(request, due), bySystem(`${due.kind}/${due.number}`));
  }

  /** What nobody asked for just now. The key is unique over all requests: an approval is recorded at the instance too. */
  function bySystem(step: string): RequestActBy {
    return { operationId: `${requestId}/${step}`, actor: 'system', asOf: nowIso() };
  }

  async function continueWhenLong(): Promise<void> {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (!continueAsNewSuggested && historyLength <= (input.maxEvents ?? Infinity)) return;
    await condition(() => allHandlersFinished() || !orders.isEmpty);
    if (!orders.isEmpty || !isOpen()) return;
    await continueAsNew<typeof accessRequest>({
      ...input,
      carried: { schemaVersion: 1, request, version, recent: orders.answered },
    });
  }
}
