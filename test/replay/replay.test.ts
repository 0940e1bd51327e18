import { expect, test } from '@jest/globals';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import '../support/runtime.ts';
import { recordedHistories } from './histories.ts';
import { replay } from './replay.ts';

test('what ran with an earlier release, or in any state, goes on with the present code', async () => {
  const histories = recordedHistories();
  expect(histories.length).toBeGreaterThan(0);
  expect(await replay({ codePath: await workflowBundle(cacheFolder()) }, histories)).toEqual({});
}, 120_000);
