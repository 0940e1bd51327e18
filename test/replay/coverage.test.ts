import { expect, test } from '@jest/globals';
import { DEMO_PEOPLE } from '../../demo/peers/demo-people.ts';
import { REQUEST_STATUSES } from '../../src/domain/access-request.ts';
import { CONNECTION_STATUSES, STORED_CAUSES } from '../../src/domain/connection.ts';
import * as workflows from '../../src/workflows/index.ts';
import * as requestMessages from '../../src/workflows/access-request.messages.ts';
import * as connectionMessages from '../../src/workflows/connection.messages.ts';
import { PRESENT, recordedHistories } from './histories.ts';
import { STATES, type WorkflowName } from './states.ts';

const histories = recordedHistories();
const present = histories.filter(({ version }) => version === PRESENT);

const statusesIn = (workflow: WorkflowName): string[] => [
  ...new Set(STATES[workflow].map((state) => state.split('-')[0]!)),
];

test('every workflow is in the list of states', () => {
  expect(Object.keys(workflows).toSorted()).toEqual(Object.keys(STATES).toSorted());
});

test('every status and every cause is in the list', () => {
  expect(statusesIn('connection').toSorted()).toEqual([...CONNECTION_STATUSES].toSorted());
  expect(statusesIn('accessRequest').toSorted()).toEqual([...REQUEST_STATUSES].toSorted());
  for (const cause of STORED_CAUSES) expect(STATES.connection).toContain(`restorable-${cause}`);
});

test('every state in the list has a history of the present code, and no history is left over', () => {
  const listed = Object.entries(STATES).flatMap(([workflow, states]) => states.map((state) => `${workflow}/${state}`));
  expect(present.map(({ workflow, state }) => `${workflow}/${state}`).toSorted()).toEqual(listed.toSorted());
});

test('every message that a workflow takes was taken in one of them', () => {
  for (const [workflow, messages] of [
    ['accessRequest', requestMessages],
    ['connection', connectionMessages],
  ] as const) {
    const text = present
      .filter((one) => one.workflow === workflow)
      .map((one) => one.text)
      .join('');
    const named = Object.values(messages).flatMap((one) =>
      typeof one === 'object' && one.type !== 'query' ? [one.name] : [],
    );
    expect(named.length).toBeGreaterThan(2);
    for (const name of named) expect(text).toMatch(new RegExp(`"(name|signalName)":"${name}"`));
  }
});

test('no history names a person, a token, a path or a machine', () => {
  const people = DEMO_PEOPLE.flatMap(({ name, instanceLogin, githubLogin }) => [name, instanceLogin, githubLogin]);
  for (const { name, text } of histories) {
    for (const word of [...people, 'gho_', 'ghp_', 'ghs_', 'ghes.acme', 'node_modules', 'identity']) {
      expect({ name, holds: text.includes(word) && word }).toEqual({ name, holds: false });
    }
  }
});
