import assert from 'node:assert/strict';
import type { ConnectionStatus } from '../../src/domain/connection.ts';
import { possibleStatuses } from './instance-model.ts';
import {
  PROFILES,
  USERS,
  type Patience,
  type AuditLook,
  type Days,
  type Product,
  type Profile,
  type User,
} from './product.ts';
import {
  connectionOf,
  isLive,
  isSwitchedOff,
  readFailure,
  sessionOf,
  type ConnectionModel,
  type Moment,
  type State,
} from './state.ts';

/** Waited for longer than anything takes: no deadline explains that. */
export class DidNotSettle extends Error {}

/** What holds at any moment, also in the midst of what was accepted: what was answered is seen, what is off is hidden. */
export async function checkAtOnce(state: State, product: Product): Promise<void> {
  const { status, ...sharing } = await product.sharing();
  const { sides, generation } = state.sharing;
  holdsOneOf('sharing', status, possibleStatuses(state));
  assert.deepEqual(sharing, { instanceSide: sides.instance, accountSide: sides.account, generation });
  await checkRequest(state, product);
  for (const user of USERS) await checkConnection(state, product, user);
  for (const user of USERS) {
    for (const as of PROFILES) {
      const isIn = await product.signedIn(user, as);
      assert.deepEqual({ user, as, isIn }, { user, as, isIn: state.sessions.has(sessionOf({ user, as })) });
    }
  }
  for (const profile of PROFILES) {
    const shown = await product.published(profile);
    const published = publishedDays(state, profile);
    if (published !== 'unsure') assert.deepEqual({ profile, shown }, { profile, shown: published });
  }
}

async function checkRequest({ request }: State, product: Product): Promise<void> {
  const look = await product.request();
  if (!request || !look) return assert.equal(look, request);
  const { status, failed: failedChecks, byTerms: decidedByTerms, informationAsked } = request;
  const { expiresAt, ...seen } = look;
  assert.deepEqual(seen, { status, failedChecks, decidedByTerms, informationAsked });
  if (request.expires) request.expires = narrowed(request.expires, expiresAt);
}

/** A time that was told is within what was expected; from then on it is known. */
function narrowed([from, to]: Moment, told: string | null): Moment {
  const at = Date.parse(told!);
  assert(
    from <= at && at <= to,
    `${told} is not between ${[from, to].map((ms) => new Date(ms).toISOString()).join(' and ')}`,
  );
  return [at, at];
}

let looks = 0;

async function checkConnection(state: State, product: Product, user: User): Promise<void> {
  const connection = connectionOf(state, user);
  const strangers = PROFILES.filter((as) => as !== connection?.as && as !== connection?.movedFrom);
  looks += 1;
  // One of them at a time: it takes many looks to see everybody.
  const as = strangers[looks % strangers.length]!;
  assert.deepEqual({ user, as, look: await product.connection(user, as) }, { user, as, look: undefined });
  if (!connection) return;
  const look = (await product.connection(user, connection.as))!;
  holdsOneOf(user, look.status, statusesOf(state, connection));
  assert.equal(look.deletionPending, look.status === 'removing');
  // Of a move that has still to come back, and of a cause that is acted upon, nothing was answered yet.
  if (connection.follows === 'observed' || (connection.movedFrom && isLive(connection))) return;
  const causes = [...connection.causes, ...(isSwitchedOff(state, connection) ? ['switched_off'] : [])];
  assert.deepEqual({ user, causes: look.causes.toSorted() }, { user, causes: causes.toSorted() });
}

function holdsOneOf<Value>(what: string, seen: Value, expected: Value[]): void {
  assert(expected.includes(seen), `${what} is ${String(seen)}, and not ${expected.join(' or ')}`);
}

function statusesOf(state: State, connection: ConnectionModel): ConnectionStatus[] {
  const off = isSwitchedOff(state, connection);
  const statuses: ConnectionStatus[] = [off ? 'restorable' : connection.status];
  if (connection.unsettled || (off && state.sharing.unsettled)) statuses.push('removing');
  if (connection.unsettled && isLive(connection)) statuses.push('restorable', 'restoring', 'connected');
  if (connection.follows === 'made') statuses.push('connecting');
  if (connection.follows === 'read') statuses.push('restoring');
  if (connection.follows === 'observed') statuses.push('sending', 'restoring', 'removing');
  return statuses;
}

function publishedDays(state: State, profile: Profile): Days | undefined | 'unsure' {
  const connections = USERS.flatMap((user) => connectionOf(state, user) ?? []);
  if (connections.some((one) => one.follows && one.as === profile)) return 'unsure';
  if (connections.some((one) => one.movedFrom === profile)) return 'unsure';
  if (!state.published[profile]) return undefined;
  const shown = connections.find((one) => one.as === profile);
  if (!shown || !isLive(shown) || isSwitchedOff(state, shown) || state.sharing.status !== 'on') return {};
  return shown.kept;
}

/** Waits until everything that was accepted has happened, and then looks at all that is left of it. */
export async function checkSettled(state: State, product: Product, patience: Patience = 'long'): Promise<void> {
  await untilSettled(state, product, patience);
  await checkAtOnce(state, product);
  for (const user of USERS) await checkKept(state, product, user);
  await checkAudit(state, product);
}

export async function untilSettled(state: State, product: Product, patience: Patience = 'long'): Promise<void> {
  const until: Until = async (what, holds) => {
    if (!(await product.until(holds, patience))) throw new DidNotSettle(`it did not settle: ${what}`);
  };
  await until('sharing', async () => (await product.sharing()).status === state.sharing.status);
  await until('the request', async () => (await product.request())?.status === state.request?.status);
  for (const user of USERS) await settle(state, product, user, until);
}

/** Whether anything was accepted, or begun, that need not have happened yet. */
export function isUnderWay({ sharing, connections }: State): boolean {
  return sharing.unsettled || Object.values(connections).some(({ unsettled, follows }) => unsettled || follows);
}

/** How far a move has come nobody is told: where that would make a difference, nothing is let come in between. */
export function hasToSettle(state: State): boolean {
  return Object.values(state.connections).some(
    (one) => one.movedFrom && isLive(one) && (one.movedWhileOff || readFailure(state, one)),
  );
}

type Until = (what: string, holds: () => Promise<boolean>) => Promise<void>;

async function settle(state: State, product: Product, user: User, until: Until): Promise<void> {
  const connection = state.connections[user];
  if (!connection) return;
  const { as, movedFrom, status } = connection;
  const wanted = status !== 'ended' && isSwitchedOff(state, connection) ? 'restorable' : status;
  await until(`${user} is ${wanted}`, async () => {
    const look = await product.connection(user, as);
    if (wanted === 'ended') return look === undefined && (await product.projected(user)) === 'ended';
    return look?.status === wanted && look.observed === (isReading(state, connection) && !!connection.sighting);
  });
  if (movedFrom) await until(`${user} has moved`, async () => !(await product.connection(user, movedFrom)));
  await until(`the counts of ${user}`, async () => {
    return (await product.rowsOf(user)) === Object.keys(connection.kept).length;
  });
  await until(`the receipts of ${user}`, async () => {
    const { loose, receipts } = connection;
    return loose || receipts.length === 0 || (await product.receipts(user)).length === receipts.length;
  });
}

function isReading(state: State, connection: ConnectionModel): boolean {
  return isLive(connection) && !isSwitchedOff(state, connection);
}

/** Every count that is kept, and none but these; what was removed is told, to the last item. */
async function checkKept(state: State, product: Product, user: User): Promise<void> {
  const connection = state.connections[user];
  if (!connection) return;
  const { as, kept, receipts, loose } = connection;
  if (connection.status !== 'ended') {
    assert.deepEqual({ user, sent: await product.sent(user, as) }, { user, sent: kept });
    const { restoreUntil } = (await product.connection(user, as))!;
    if (!connection.restoreUntil) assert.deepEqual({ user, restoreUntil }, { user, restoreUntil: null });
    else {
      const latest = product.now() + state.durations.windowMs;
      connection.restoreUntil = narrowed([connection.restoreUntil[0], latest], restoreUntil);
    }
  }
  if (receipts.length === 0 && !loose) return;
  const told = await product.receipts(user);
  if (!loose) return assert.deepEqual({ user, receipts: told }, { user, receipts });
  const [items, least] = [itemsOf(told), itemsOf(receipts)];
  const most = least + connection.perhapsTold;
  assert(least <= items && items <= most, `receipts of ${user} tell of ${items} counts, and not ${least} to ${most}`);
}

const itemsOf = (receipts: readonly { itemsDeleted: number }[]) =>
  receipts.reduce((sum, { itemsDeleted }) => sum + itemsDeleted, 0);

/** No transition without a record, and no record without a transition. */
async function checkAudit({ sharing, request, connections }: State, product: Product): Promise<void> {
  const all = await product.audit();
  const of = (subject: AuditLook['of']) => all.filter((record) => record.of === subject);
  const recorded = of('sharing');
  const acts = actionsOf(recorded).filter((action) => !AFTERWARDS.includes(action));
  assert.deepEqual(acts, sharing.audit);
  const offs = recorded.filter(({ action }) => action === 'sharing.turned_off');
  assert.equal(offs.length, sharing.generation, 'each turning off is recorded as done');
  checkChain(recorded, 'unavailable', sharing.status);
  if (request) {
    assert.deepEqual(actionsOf(of('request')), request.audit);
    checkChain(of('request'), 'checking', request.status);
  }
  for (const connection of Object.values(connections)) {
    await checkConnectionAudit(product, connection, of(connection.user));
  }
}

const AFTERWARDS = ['sharing.turned_off', 'sharing.cohort_erased'];

async function checkConnectionAudit(
  product: Product,
  connection: ConnectionModel,
  records: AuditLook[],
): Promise<void> {
  const { user, loose, audit } = connection;
  const accepted = (actions: string[]) => actions.filter((action) => action.endsWith('_accepted'));
  if (loose) assert.deepEqual(accepted(actionsOf(records)), accepted(audit));
  else assert.deepEqual({ user, records: actionsOf(records) }, { user, records: audit });
  checkChain(records, 'connecting', await product.projected(user));
}

const actionsOf = (records: readonly AuditLook[]) => records.map(({ action }) => action);

/** Each transition begins where the one before it ended, and the last one led to where it stands. */
function checkChain(records: readonly AuditLook[], first: string, last: string): void {
  let stands = first;
  for (const { from, to } of records) {
    if (from !== undefined) assert.equal(from, stands);
    stands = to ?? stands;
  }
  assert.equal(stands, last);
}
