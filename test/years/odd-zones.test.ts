import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const PROGRAM = fileURLToPath(new URL('in-this-zone.ts', import.meta.url));

/** The same program, in a process and with sessions of PostgreSQL that live in this zone. */
async function inZone(zone: string): Promise<{ zones: string[]; said: Record<string, unknown> }> {
  const env = { ...process.env, TZ: zone, PGOPTIONS: `-c TimeZone=${zone}` };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', PROGRAM], { env });
  return JSON.parse(stdout);
}

test('days are labels and the 90 days are hours: no zone, and no change of clocks, moves any of them', async () => {
  const { said } = await inZone('UTC');
  expect(said['kept']).toHaveLength(5);
  expect(said['ends']).toEqual(Array(2).fill('2027-06-25T20:00:00.000Z'));
  expect(said['givesUp']).toEqual(['2027-04-03T20:00:00.000Z']);
  for (const zone of ['Europe/Berlin', 'Pacific/Chatham']) {
    expect(await inZone(zone)).toEqual({ zones: [zone, zone], said });
  }
}, 60_000);
