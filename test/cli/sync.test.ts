import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { startWork } from '../api/workers.ts';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { eventually } from '../support/world.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

let at: CliWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
beforeAll(async () => {
  at = await createCliWorld();
  stopWork = await startWork(at.world);
  instanceId = await at.world.register();
  await at.world.switchOn(instanceId);
});
afterAll(async () => {
  await stopWork();
  await at.close();
});
afterEach(() => at.world.instance.faults.clear());

interface Runs {
  items: { finishedAt: string | null; trigger: string; instances: { outcome: string | null }[] }[];
}

/** Resolves when so many runs have ended with every instance read. */
const runsEnded = (count: number) =>
  eventually(async () => {
    const { items } = await at.cli.json<Runs>('sync runs');
    return items.length === count && items.every((one) => one.finishedAt !== null);
  }, `the end of ${count} runs`);

describe('the hourly sync', () => {
  test('is paused with a note and resumed', async () => {
    const { cli } = at;
    const paused = await cli('sync pause --note', 'the instance is upgraded');
    expect(paused).toMatchObject({ code: 0, err: '' });
    expect(paused.out).toMatch(/Hourly sync +paused\nNote +the instance is upgraded\n/);
    const status = await cli('sync status');
    expect(status.out).toBe(paused.out);
    expect(status.out).toMatch(/Next runs +none until it is resumed\n/);
    expect((await cli('sync resume')).out).toMatch(/Hourly sync +active\n/);
    expect(await cli.json('sync status')).toMatchObject({ paused: false, running: false });
    await cli('sync pause');
    expect((await cli('sync status')).out).toMatch(/Note +paused by an operator\n/);
    await cli('sync resume');
  });

  test('is triggered as a whole and for one instance, and backfilled; each run is listed with what it did', async () => {
    const { cli } = at;
    expect(await cli('sync trigger')).toMatchObject({
      code: 0,
      out: 'A run is started; "sync runs" shows what it does.\n',
    });
    await runsEnded(1);
    expect((await cli('sync trigger --instance ghes.acme.example')).code).toBe(0);
    await runsEnded(2);
    expect((await cli('sync backfill --instance', instanceId)).out).toContain('"sync runs" shows what came of it');
    await runsEnded(3);

    const { out } = await cli('sync runs');
    expect(out).toMatch(/^STARTED +ENDED +INSTANCE +OUTCOME/);
    expect(out.match(/ghes\.acme\.example +finished +0 +0 +0 +- /g)).toHaveLength(3);
    const { items } = await cli.json<Runs>('sync runs');
    expect(items.map((one) => one.trigger.split(' ')[0])).toEqual(['backfill', 'triggered', 'schedule']);

    const first = await cli('sync runs --limit 2');
    const after = /There is more: add --after (\S+)\n$/.exec(first.out)![1]!;
    expect((await cli.json<Runs>('sync runs --after', after)).items).toEqual([items[2]]);
    const records = await cli('audit list --subject', instanceId);
    expect(records.out).toMatch(/sync\.backfilled .*\n.*sync\.triggered /);
  });

  test.each([
    ['trigger --instance x', 1, 'No instance has the id or the host name "x".'],
    ['backfill', 2, 'Either --instance or --connection is needed.'],
    ['backfill --instance x --connection 0f8fad5b-d9cb-469f-a165-70867728950e', 2, 'Either --instance or --connection'],
    ['backfill --connection 0f8fad5b-d9cb-469f-a165-70867728950e', 1, 'Code: not_found'],
    ['backfill --connection devi', 2, 'It is not an id (a UUID).'],
  ])('"sync %s" is refused', async (command, code, words) => {
    const ran = await at.cli(`sync ${command}`);
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err).toContain(words);
  });

  test('a note that is empty is refused', async () => {
    const ran = await at.cli('sync pause --note', ' ');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('Code: note_required');
  });
});

describe("a developer's connection", () => {
  let id: string;
  let path: string;
  beforeAll(async () => {
    const devi = await at.world.person('devi');
    const { body } = await devi.post<{ id: string }>('/api/v1/connections', {
      instanceId,
      token: DEMO_TOKENS.instance('devi'),
    });
    id = body.id;
    path = `/api/v1/connections/${id}`;
    await devi.post(`${path}/send`, { consentVersion: CONSENT_VERSION });
  });

  test('is read at once by a backfill of it', async () => {
    const { cli } = at;
    const ran = await cli('sync backfill --connection', id);
    expect(ran).toEqual({
      code: 0,
      out: `It is asked for; "doctor connection ${id}" shows what came of it.\n`,
      err: '',
    });
    expect((await cli('audit list --subject', id)).out).toContain('sync.backfilled');
  });

  test('is examined in plain words, and nothing of it names the developer', async () => {
    const { cli, world } = at;
    const well = await cli('doctor connection', id);
    expect(well).toMatchObject({ code: 0, err: '' });
    expect(well.out).toMatch(/Instance +ghes\.acme\.example \(GitHub Enterprise Server\), sharing is on\n/);
    expect(well.out).toMatch(/State +sending: counts are sent each hour\n/);
    expect(well.out).toMatch(/Against sending +nothing\n/);
    expect(well.out).toMatch(/Workflow +running since/);
    expect(well.out).toContain('What to do\n  - Nothing: it is as it should be.\n');
    expect(well.out).toMatch(/connection\.sending_started +person:/);
    const json = JSON.stringify(await cli.json('doctor connection', id));
    const { id: userId, login } = world.instance.people.get('devi');
    // Ids of the system are longer and hold dashes.
    expect(well.out + json).not.toMatch(new RegExp(`(?<![\\w-])${userId}(?![\\w-])|${login}`));
  });

  test('says what to do while the sync is paused', async () => {
    const { cli } = at;
    await cli('sync pause --note upgrade');
    expect((await cli('doctor connection', id)).out).toContain(
      '  - The hourly sync is paused (upgrade): "sync resume" starts it again.\n',
    );
    await cli('sync resume');
  });

  test('says what to do about a token that the instance refuses, which a backfill meets too', async () => {
    const { cli, world } = at;
    world.instance.faults.add({ kind: 'unauthorized' }, { who: 'devi' });
    const refused = await cli('sync backfill --connection', id);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(
      /^The instance no longer accepts the token\. Nothing was changed\. .*\nCode: token_revoked/,
    );
    const { out } = await cli('doctor connection', id);
    expect(out).toMatch(/Failure +token_revoked, 1 times since/);
    expect(out).toContain(
      '  - Tell the developer: The instance no longer accepts the token. Authorize the connection again',
    );
    expect(out).toMatch(/ {2}- If it still holds at \S+Z, its counts are deleted; until then none is\.\n/);
  });

  test('is examined while Temporal is down, which is said', async () => {
    const { cli, world } = at;
    const { temporal } = world.deps;
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    world.deps.temporal = new Client({ connection });
    const ran = await cli('doctor connection', id);
    world.deps.temporal = temporal;
    await connection.close();
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/State +sending/);
    expect(ran.out).toMatch(/Workflow +not known: Temporal cannot be reached\n/);
    expect(ran.out).toContain('What to do\n  - Temporal cannot be reached: start it.');
  });

  test('that opted out has a receipt, and cannot be backfilled', async () => {
    const { cli, world } = at;
    expect(await cli('receipts list', id)).toMatchObject({ code: 0, out: 'Nothing of it was ever deleted.\n' });
    const devi = await world.person('devi');
    await devi.post(`${path}/opt-out`);
    await eventually(async () => (await devi.get(path)).body['status'] === 'restorable', 'the deletion');
    expect((await cli('receipts list', id)).out).toMatch(/opted_out +connection +\d+ +0 +\S+Z\n$/);
    const { out } = await cli('doctor connection', id);
    expect(out).toMatch(/Accepted act +opt_out at \S+Z, done \S+Z\n/);
    expect(out).toMatch(/What to do\n {2}- The developer opted out, and comes back by reconnecting, until \S+Z\.\n\n/);
    const refused = await cli('sync backfill --connection', id);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain(`Code: wrong_state (${world.url}/problems/wrong_state)`);
  });
});
