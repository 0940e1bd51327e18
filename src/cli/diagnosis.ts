import type { z } from 'zod';
import { adviceFor } from './advice.ts';
import type { schedule } from './answers.ts';
import type { Examination } from './examination.ts';
import { when } from './text.ts';

export type SyncState = z.output<typeof schedule>;

const DEVELOPER = 'the developer';

/** What an operator can do about a connection, most pressing first. `sync` is undefined where Temporal cannot be asked. */
export function diagnose(found: Examination, sync: SyncState | undefined): string[] {
  const { id, status } = found.connection;
  if (status === 'ended' && openIntents(found).length === 0) {
    return [`Nothing: the link to a person is erased, and what was deleted is in "receipts list ${id}".`];
  }
  const advice = [
    ...aboutTemporal(found),
    ...aboutActs(found),
    ...aboutSharing(found),
    ...aboutCauses(found),
    ...aboutReading(found),
    ...aboutSync(found, sync),
  ];
  return advice.length > 0 ? advice : ['Nothing: it is as it should be.'];
}

const openIntents = ({ intents }: Examination) => intents.filter((one) => one.doneAt === null);

function aboutTemporal({ temporalReached, workflow, connection, projected }: Examination): string[] {
  if (!temporalReached) {
    return ['Temporal cannot be reached: start it. What was accepted is kept, and is done as soon as it answers.'];
  }
  if (workflow?.status === 'running') return [];
  const gone = workflow === null ? 'No workflow is known for it' : `Its workflow has ended (${workflow.status})`;
  if (projected === 'connecting') {
    return [`${gone}: a worker starts one within a minute or so; check that a worker runs.`];
  }
  if (connection.status !== 'sending') return [`${gone}: the next act of ${DEVELOPER} starts it again.`];
  return [`${gone}: "sync backfill --connection ${connection.id}" starts it again; counts are sent without it.`];
}

function aboutActs(found: Examination): string[] {
  const { status, instance } = found.connection;
  const open = openIntents(found);
  if (open.length === 0 && status === 'removing' && instance.sharing !== 'turning_off') {
    return ['Its counts are being deleted: if it stays so, check that a worker runs.'];
  }
  return open.map(({ kind, askedAt, deliveredAt }) => {
    const act = `The ${kind.replace('_', '-')} that was accepted at ${when(askedAt)}`;
    return deliveredAt === null
      ? `${act} was not handed to its workflow yet: check that a worker runs, which does it by itself.`
      : `${act} is in its workflow's hands and not verified yet: if it stays so, check that a worker runs.`;
  });
}

function aboutSharing({ connection }: Examination): string[] {
  const { hostname, sharing } = connection.instance;
  if (sharing === 'paused') {
    return [`GitHub Connect of ${hostname} is not seen, so nothing is sent: see "instances show ${hostname}".`];
  }
  if (sharing === 'turning_off') {
    return [`Sharing of ${hostname} is being turned off: see how far it is with "instances show ${hostname}".`];
  }
  if (sharing !== 'on') return [`Sharing of ${hostname} is ${sharing}: a site administrator has to enable both sides.`];
  if (!connection.causes.includes('switched_off')) return [];
  return [`Sharing was off in between: ${DEVELOPER} has to reconnect${until(connection.restoreUntil)}.`];
}

const until = (time: string | null) => (time === null ? '' : `, until ${when(time)}`);

const CAUSES: Readonly<Record<string, string>> = {
  opted_out: `${DEVELOPER} opted out, and comes back by reconnecting`,
  token_lost: `the token is lost: ${DEVELOPER} has to reconnect with a new one`,
  suspended: 'the user is suspended on the instance: a site administrator lifts it, then the developer reconnects',
  gone: 'the user is not on the instance, or is another one: only a site administrator there can tell',
};

function aboutCauses({ connection }: Examination): string[] {
  return connection.causes.flatMap((cause) => {
    const words = CAUSES[cause];
    return words === undefined ? [] : [`${words[0]!.toUpperCase()}${words.slice(1)}${until(connection.restoreUntil)}.`];
  });
}

const READ: readonly string[] = ['connecting', 'connected', 'sending', 'restoring'];
const OF_THE_INSTANCE: readonly string[] = ['rate_limited', 'maintenance', 'source_unreachable', 'bad_answer'];

/** Where reading goes on; what was seen before a removal stands against nothing any more. */
function aboutReading({ connection, token }: Examination): string[] {
  const { observed, status } = connection;
  if (!READ.includes(status)) return [];
  const advice = aboutFailure(connection);
  if (observed) {
    advice.push(`If it still holds at ${when(observed.deletesAfter)}, its counts are deleted; until then none is.`);
  }
  if (token === null) advice.push(`No token is kept: ${DEVELOPER} has to authorize it again.`);
  return advice;
}

function aboutFailure({ id, instance, failure, status }: Examination['connection']): string[] {
  if (!failure) return [];
  const again = status === 'sending' ? [`"sync backfill --connection ${id}" reads it at once.`] : [];
  if (failure.code === 'token_unreadable') return [`Its token cannot be read: ${adviceFor(failure.code)}`];
  if (OF_THE_INSTANCE.includes(failure.code)) {
    return [`Look at ${instance.hostname}: ${failure.words}. Each run tries it again.`, ...again];
  }
  return [
    `Tell ${DEVELOPER}: ${failure.words}. ${failure.remedy}`,
    ...again.map((line) => `When that is done, ${line}`),
  ];
}

function aboutSync({ connection }: Examination, sync: SyncState | undefined): string[] {
  const { status, lastSyncAt, failure, sendingSince, instance } = connection;
  if (status !== 'sending' || instance.sharing !== 'on' || sync === undefined) return [];
  if (sync.paused) return [`The hourly sync is paused (${sync.note ?? 'no note'}): "sync resume" starts it again.`];
  // Whoever began to send while the last run was on was not in it.
  const since =
    [lastSyncAt, sendingSince]
      .filter((time) => time !== null)
      .toSorted()
      .at(-1) ?? null;
  const missed = sync.lastRunAt !== null && since !== null && since < sync.lastRunAt && !sync.running;
  if (!missed || failure) return [];
  return [`The last run, at ${when(sync.lastRunAt)}, did not read it: "sync runs" shows what became of its instance.`];
}
