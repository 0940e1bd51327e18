import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { DEMO_PEOPLE } from '../../demo/peers/demo-people.ts';
import { createActivities, type ActivityDeps } from '../../src/activities/index.ts';
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

const source = (room: string) => {
  const files = readdirSync(new URL(`../../src/${room}/`, import.meta.url)).filter((name) => name.endsWith('.ts'));
  return files.map((name) => readFileSync(new URL(`../../src/${room}/${name}`, import.meta.url), 'utf8')).join('\n');
};
const all = (pattern: RegExp, text: string): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1]!)),
];
const text = present.map((one) => one.text).join('\n');

test('every activity was called in one of them, local ones too', () => {
  const activities = Object.keys(createActivities({ settings: {} } as ActivityDeps));
  expect(activities.length).toBeGreaterThan(15);
  const missing = activities.filter(
    (name) => !new RegExp(`"(name|activity_type)\\\\?":\\\\?"${name}\\\\?"`).test(text),
  );
  expect(missing).toEqual([]);
});

/** What no history can hold, and why. */
const NEVER: Record<string, string> = {
  'Writes a step': 'each call says which step',
};

test('every timer ran in one of them, by what it tells operators', () => {
  // The sentences of activities are among them; that of a step has the step's name in it.
  const sentences = all(/'([A-Z][^'\n]* [^'\n]*)'/g, source('workflows'));
  expect(sentences.length).toBeGreaterThan(15);
  expect(sentences.filter((sentence) => !text.includes(sentence) && !NEVER[sentence])).toEqual([]);
});

test('every step that a rule answers was written in one of them', () => {
  const rules = source('domain');
  const requests = all(/'(request\.[a-z_]+)'/g, rules);
  const connections = all(/\bto\(\s*state,\s*[\w.']+,\s*'([a-z_]+)'/g, rules).map((name) => `connection.${name}`);
  expect([requests.length > 15, connections.length > 12]).toEqual([true, true]);
  expect([...requests, ...connections].filter((action) => !text.includes(`\\"${action}\\"`))).toEqual([]);
});

test('every patch has a run from before it, and one that passed it', () => {
  const patches = all(/patched\('([a-z-]+)'\)/g, source('workflows'));
  expect(patches.length).toBeGreaterThan(1);
  for (const id of patches) {
    expect(histories.map(({ version }) => version)).toContain(`before-${id}`);
    expect(text).toContain(`\\"id\\":\\"${id}\\"`);
  }
});

test('no history names a person, a token, a path or a machine', () => {
  const people = DEMO_PEOPLE.flatMap(({ name, instanceLogin, githubLogin }) => [name, instanceLogin, githubLogin]);
  for (const { name, text: held } of histories) {
    for (const word of [...people, 'gho_', 'ghp_', 'ghs_', 'ghes.acme', 'node_modules', 'identity']) {
      expect({ name, holds: held.includes(word) && word }).toEqual({ name, holds: false });
    }
  }
});
