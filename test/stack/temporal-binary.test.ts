import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterEach, describe, expect, test } from '@jest/globals';
import { cacheFolder } from '../../src/stack/cache.ts';
import { findTemporalBinary, isNewEnough, serverVersion } from '../../src/stack/temporal-binary.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe('a temporal program on PATH', () => {
  test.each([
    ['temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)', { major: 1, minor: 29 }, true],
    ['temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)', { major: 1, minor: 29 }, true],
    ['temporal version 1.2.0 (Server 1.25.2, UI 2.32.0)', { major: 1, minor: 25 }, false],
    ['temporal version 2.0.0 (Server 2.0.0, UI 3.0.0)', { major: 2, minor: 0 }, true],
    ['tctl version 1.18.0', undefined, false],
    ['', undefined, false],
  ])('that says "%s" has server %o, new enough: %s', (output, version, usable) => {
    expect(serverVersion(output)).toEqual(version);
    expect(isNewEnough(serverVersion(output))).toBe(usable);
  });

  test('is passed over with a word when its server is too old', async () => {
    const old = join(sandbox.folder(), 'temporal');
    writeFileSync(old, '#!/bin/sh\necho "temporal version 1.2.0 (Server 1.25.2, UI 2.32.0)"\n');
    chmodSync(old, 0o755);
    const said: string[] = [];
    const path = [join(old, '..'), process.env['PATH']].join(delimiter);
    const found = await findTemporalBinary({ cacheDir: cacheFolder(), log: (line) => said.push(line), path });
    expect(found).not.toBe(old);
    expect(said[0]).toContain(`Passing over ${old}`);
  });
});

test('the development server keeps ended workflows for 7 days', async () => {
  const connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS'] ?? '' });
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  await connection.close();
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(7 * 86_400);
});
