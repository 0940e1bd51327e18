import { describe, expect, test } from '@jest/globals';
import { diagnose, type SyncState } from '../../src/cli/diagnosis.ts';
import type { Examination } from '../../src/cli/examination.ts';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const MORNING = '2026-11-24T08:00:00.000Z';
const NOON = '2026-11-24T12:00:00.000Z';
const LATER = '2027-02-22T08:00:00.000Z';

const sync: SyncState = { paused: false, note: null, running: false, lastRunAt: MORNING, nextRunsAt: [LATER] };
const well: Examination = {
  connection: {
    id: ID,
    instance: { id: ID, hostname: 'ghes.acme.example', label: 'GitHub Enterprise Server', sharing: 'on' },
    status: 'sending',
    causes: [],
    restoreUntil: null,
    sendingSince: MORNING,
    lastSyncAt: NOON,
    failure: null,
    observed: null,
    createdAt: MORNING,
  },
  projected: 'sending',
  fences: { generation: 2, sharingGeneration: 0, joinedGeneration: 0, readNumber: 1, openRead: null },
  linked: true,
  token: { keyId: 'k1', version: 1, expiresAt: null, refreshes: false },
  intents: [],
  workflow: { id: `connection/${ID}`, status: 'running', startedAt: MORNING, historyLength: 12 },
  temporalReached: true,
  audit: [],
};

type Changes = Partial<Omit<Examination, 'connection'>> & { connection?: Partial<Examination['connection']> };
const but = ({ connection, ...rest }: Changes): Examination => ({
  ...well,
  ...rest,
  connection: { ...well.connection, ...connection },
});
const instance = (sharing: string) => ({ ...well.connection.instance, sharing });
const failure = (code: string) => ({
  code,
  words: 'It failed',
  remedy: 'Do this.',
  since: MORNING,
  lastAt: NOON,
  times: 3,
});
const optOut = (deliveredAt: string | null, doneAt: string | null = null) => [
  { kind: 'opt_out', askedAt: MORNING, deliveredAt, doneAt },
];
const removed = { status: 'restorable', restoreUntil: LATER };

describe('what an operator is told to do about a connection', () => {
  test.each<[string, Changes, string[]]>([
    ['that is well', {}, ['Nothing: it is as it should be.']],
    [
      'that has ended',
      { connection: { status: 'ended' }, linked: false, token: null, workflow: null },
      [`Nothing: the link to a person is erased, and what was deleted is in "receipts list ${ID}".`],
    ],
    [
      'while Temporal is down',
      { temporalReached: false, workflow: null },
      ['Temporal cannot be reached: start it. What was accepted is kept, and is done as soon as it answers.'],
    ],
    [
      'that sends and has no workflow',
      { workflow: null },
      [`No workflow is known for it: "sync backfill --connection ${ID}" starts it again; counts are sent without it.`],
    ],
    [
      'whose workflow was terminated',
      { connection: { status: 'connected' }, workflow: { ...well.workflow!, status: 'terminated' } },
      ['Its workflow has ended (terminated): the next act of the developer starts it again.'],
    ],
    [
      'that no worker has taken up yet',
      { connection: { status: 'connecting' }, projected: 'connecting', workflow: null },
      ['No workflow is known for it: a worker starts one within a minute or so; check that a worker runs.'],
    ],
    [
      'whose opt-out waits for a worker',
      { connection: { status: 'removing' }, intents: optOut(null) },
      [
        'The opt-out that was accepted at 2026-11-24T08:00:00Z was not handed to its workflow yet: check that a worker runs, which does it by itself.',
      ],
    ],
    [
      'whose opt-out is under way',
      { connection: { status: 'removing' }, intents: optOut(NOON) },
      [
        "The opt-out that was accepted at 2026-11-24T08:00:00Z is in its workflow's hands and not verified yet: if it stays so, check that a worker runs.",
      ],
    ],
    [
      'whose observed cause is being acted on',
      { connection: { status: 'removing' } },
      ['Its counts are being deleted: if it stays so, check that a worker runs.'],
    ],
    [
      'of somebody who opted out; a failure from before says nothing any more',
      {
        connection: { ...removed, causes: ['opted_out'], failure: failure('token_revoked') },
        intents: optOut(NOON, NOON),
      },
      ['The developer opted out, and comes back by reconnecting, until 2027-02-22T08:00:00Z.'],
    ],
    [
      'of an instance whose GitHub Connect is not seen',
      { connection: { instance: instance('paused') } },
      ['GitHub Connect of ghes.acme.example is not seen, so nothing is sent: see "instances show ghes.acme.example".'],
    ],
    [
      'of an instance that is being turned off',
      { connection: { instance: instance('turning_off'), status: 'removing', causes: ['switched_off'] } },
      ['Sharing of ghes.acme.example is being turned off: see how far it is with "instances show ghes.acme.example".'],
    ],
    [
      'of an instance that is off',
      { connection: { ...removed, instance: instance('off'), causes: ['switched_off'] } },
      ['Sharing of ghes.acme.example is off: a site administrator has to enable both sides.'],
    ],
    [
      'of an instance that is on again',
      { connection: { ...removed, causes: ['switched_off'] } },
      ['Sharing was off in between: the developer has to reconnect, until 2027-02-22T08:00:00Z.'],
    ],
    [
      'whose token is refused',
      {
        connection: {
          failure: failure('token_revoked'),
          observed: { cause: 'token_lost', since: MORNING, deletesAfter: LATER },
        },
      },
      [
        'Tell the developer: It failed. Do this.',
        `When that is done, "sync backfill --connection ${ID}" reads it at once.`,
        'If it still holds at 2027-02-22T08:00:00Z, its counts are deleted; until then none is.',
      ],
    ],
    [
      'whose instance does not answer',
      { connection: { failure: failure('source_unreachable') } },
      [
        'Look at ghes.acme.example: It failed. Each run tries it again.',
        `"sync backfill --connection ${ID}" reads it at once.`,
      ],
    ],
    [
      'whose token was stored under a key that is not there',
      { connection: { failure: failure('token_unreadable') } },
      ['Its token cannot be read: start the API and the worker with the key that it was stored under: see TOKEN_KEYS.'],
    ],
    ['without a token', { token: null }, ['No token is kept: the developer has to authorize it again.']],
    [
      'that the last run left out',
      { connection: { sendingSince: '2026-11-20T12:00:00.000Z', lastSyncAt: '2026-11-24T07:00:00.000Z' } },
      ['The last run, at 2026-11-24T08:00:00Z, did not read it: "sync runs" shows what became of its instance.'],
    ],
    [
      'that came back while the last run was on, with a read of its own that had begun before it',
      { connection: { sendingSince: '2026-11-24T08:00:01.000Z', lastSyncAt: '2026-11-24T07:59:59.000Z' } },
      ['Nothing: it is as it should be.'],
    ],
  ])('%s', (_what, changes, advice) => {
    expect(diagnose(but(changes), sync)).toEqual(advice);
  });

  test('while the sync is paused, with the note', () => {
    const paused = { ...sync, paused: true, note: 'an upgrade' };
    expect(diagnose(well, paused)).toEqual(['The hourly sync is paused (an upgrade): "sync resume" starts it again.']);
    expect(diagnose(but({ connection: { status: 'connected', sendingSince: null } }), paused)).toEqual([
      'Nothing: it is as it should be.',
    ]);
  });
});
