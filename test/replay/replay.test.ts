import { expect, test } from '@jest/globals';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import '../support/runtime.ts';
import { changedBundle } from './bundles.ts';
import { BRANCHES } from './branches.ts';
import { PRESENT, recordedHistories, type Recorded } from './histories.ts';
import { replay } from './replay.ts';

const histories = recordedHistories();

test('what ran with an earlier release, or stands in any state, goes on with the present code', async () => {
  expect(histories.length).toBeGreaterThan(50);
  expect(await replay({ codePath: await workflowBundle(cacheFolder()) }, histories)).toEqual({});
}, 120_000);

const CHANGES = [
  {
    // One more activity before the first.
    file: 'connection-life.ts',
    from: 'this.view = await loadConnection',
    to: `await closeIntent({ operationId: '', asOf: nowIso() }); this.view = await loadConnection`,
  },
  {
    // No timer.
    file: 'access-request.ts',
    from: 'await condition(isWoken, ms, {',
    to: 'await ((woken) => condition(woken))(isWoken, ms, {',
  },
  {
    // No timer.
    file: 'turning-off.ts',
    from: 'if (left > 0) await sleep(left,',
    to: 'void (left,',
  },
  {
    // Two steps the other way round.
    file: 'contribution-sync.ts',
    from: 'await condition(() => open === 0, AWAITED_MS);\n  await records.finishRun({ runId, at: new Date().toISOString() });',
    to: 'await records.finishRun({ runId, at: new Date().toISOString() });\n  await condition(() => open === 0, AWAITED_MS);',
  },
  {
    // A step that is not taken any more.
    file: 'instance-sync.ts',
    from: 'await records.finishInstance(',
    to: 'void (',
  },
];

/** What is changed was done in these histories, by what stands in them. */
const DONE: Record<string, (history: Recorded) => boolean> = {
  connection: () => true,
  accessRequest: ({ text }) => /First contact is|Expires without activity/.test(text),
  turningOff: ({ text }) => text.includes('window to come back'),
  contributionSync: ({ text }) => text.includes('TIMER_STARTED'),
  instanceSync: ({ text }) => text.includes('finishInstance'),
};

test('a workflow that is changed without care fails the replay of exactly the histories that it would break', async () => {
  const failed = await replay({ code: await changedBundle(CHANGES) }, histories);
  const broken = histories.filter((history) => DONE[history.workflow]!(history)).map(({ name }) => name);
  expect(Object.keys(failed).toSorted()).toEqual(broken.toSorted());
  for (const reason of Object.values(failed)) expect(reason).toContain('DeterminismViolationError');
}, 120_000);

test.each(BRANCHES)(
  'a branch that is lost fails the history that took it: $what',
  async ({ changes, broken }) => {
    const took = histories.filter(
      ({ version, workflow }) => version === PRESENT && /connection|turningOff/.test(workflow),
    );
    const failed = await replay({ code: await changedBundle(changes) }, took);
    expect(Object.keys(failed)).toEqual(expect.arrayContaining(broken.map((name) => `${PRESENT}/${name}`)));
    for (const reason of Object.values(failed)) expect(reason).toContain('DeterminismViolationError');
  },
  120_000,
);

/** Each patch, taken out: its old branch goes, and what it guards is done by everybody. */
const UNPATCHED = [
  {
    id: 'turning-off-shown',
    from: "if (patched('turning-off-shown')) ",
    to: '',
    // Whoever came to the end of a deletion before it, or after it.
    broken: [
      'before-turning-off-continues/turningOff/ended',
      'before-turning-off-continues/turningOff/window',
      'before-turning-off-continues/turningOff/window-longer',
      'before-turning-off-shown/turningOff/ended',
      'before-turning-off-shown/turningOff/window',
      'unreleased/turningOff/ended',
      'unreleased/turningOff/window',
      'unreleased/turningOff/window-longer',
    ],
  },
  {
    id: 'turning-off-continues',
    from: "isLong() && patched('turning-off-continues')",
    to: 'isLong()',
    // Whoever grew long in a deletion before it, or continued after it.
    broken: [
      'before-turning-off-continues/turningOff/deleting-continues',
      'before-turning-off-shown/turningOff/deleting-continues',
      'unreleased/turningOff/deleting-continues',
    ],
  },
] as const;

test.each(UNPATCHED)(
  '$id fails without its patch, on the histories of before and of after',
  async (unpatched) => {
    const { from, to, broken } = unpatched;
    const took = histories.filter(({ workflow }) => workflow === 'turningOff');
    const failed = await replay({ code: await changedBundle([{ file: 'turning-off.ts', from, to }]) }, took);
    expect(Object.keys(failed).toSorted()).toEqual([...broken]);
  },
  120_000,
);
