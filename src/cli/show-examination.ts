import { diagnose, type SyncState } from './diagnosis.ts';
import type { Examination } from './examination.ts';
import { type Cell, facts, printable, table, when } from './text.ts';

const RECORDS_SHOWN = 10;

/** All that is known of a connection in plain words, and what to do at the end. Nothing of it names a person. */
export function showExamination(found: Examination, sync: SyncState | undefined): string {
  const advice = diagnose(found, sync).map((line) => `  - ${printable(line)}\n`);
  const history = table(
    ['AT', 'ACTION', 'ACTOR'],
    found.audit.slice(0, RECORDS_SHOWN).map((one) => [when(one.at), one.action, one.actor]),
    'Nothing is recorded.',
  );
  return [
    facts([...stateOf(found), ...readingOf(found), ...fencesOf(found)]),
    `\nWhat to do\n${advice.join('')}`,
    `\nLast records (all of them: "audit list --subject ${found.connection.id}")\n${indented(history)}`,
  ].join('');
}

const indented = (text: string) => text.replace(/^(?=.)/gm, '  ');

type Facts = readonly (readonly [string, Cell])[];

const STATES: Readonly<Record<string, string>> = {
  connecting: 'both accounts are being authorized',
  connected: 'nothing is sent before the developer says so',
  sending: 'counts are sent each hour',
  removing: 'a removal is accepted; counts are being deleted, which is not verified yet',
  restorable: 'counts are deleted, and that is verified; the developer may come back',
  restoring: 'the developer came back; the past 90 days are being read',
  ended: 'the link to a person is erased',
};

function stateOf({ connection, projected, linked }: Examination): Facts {
  const { status, causes, instance, restoreUntil } = connection;
  const behind = projected === status ? '' : ` (its workflow has written down: ${projected})`;
  return [
    ['Connection', connection.id],
    ['Instance', `${instance.hostname} (${instance.label}), sharing is ${instance.sharing}`],
    ['State', `${status}: ${STATES[status] ?? 'unknown to this CLI'}${behind}`],
    ['Against sending', causes.length === 0 ? 'nothing' : causes.join(', ')],
    ['Connected at', when(connection.createdAt)],
    ['Sending since', when(connection.sendingSince)],
    ['May come back until', when(restoreUntil)],
    ['Link to a person', linked ? 'kept' : 'erased'],
  ];
}

function readingOf({ connection, token }: Examination): Facts {
  const { failure, observed } = connection;
  const lifetime = token?.expiresAt ? `expires ${when(token.expiresAt)}` : 'does not expire';
  return [
    ['Last read by a run', when(connection.lastSyncAt) ?? 'not yet'],
    ['Failure', failure ? `${failure.code}, ${failure.times} times since ${when(failure.since)}` : 'none'],
    ['Seen at the source', observed ? `${observed.cause} since ${when(observed.since)}` : 'nothing against it'],
    ['Token', token && `kept under the key ${token.keyId}, ${lifetime}${token.refreshes ? ', can be refreshed' : ''}`],
  ];
}

function fencesOf({ fences, intents, workflow, temporalReached }: Examination): Facts {
  const { generation, sharingGeneration, joinedGeneration, readNumber, openRead } = fences;
  const ticked = sharingGeneration === null ? 'never ticked' : `ticked under ${sharingGeneration}`;
  const run = workflow && `${workflow.status} since ${when(workflow.startedAt)}, ${workflow.historyLength} events`;
  return [
    ['Generation', `${generation}, raised by each removal and return: no older write passes`],
    ['Sharing generation', `connected under ${joinedGeneration}, ${ticked}`],
    ['Read number', `${readNumber}: no older read passes${openRead === null ? '' : `; read ${openRead} is under way`}`],
    ...intents.map((one) => ['Accepted act', act(one)] as const),
    ['Workflow', temporalReached ? (run ?? 'none is known to Temporal') : 'not known: Temporal cannot be reached'],
  ];
}

function act({ kind, askedAt, deliveredAt, doneAt }: Examination['intents'][number]): string {
  const taken = deliveredAt === null ? 'not handed over yet' : `handed over ${when(deliveredAt)}`;
  return `${kind} at ${when(askedAt)}, ${doneAt === null ? `${taken}, not done` : `done ${when(doneAt)}`}`;
}
