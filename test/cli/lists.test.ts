import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cliWith } from './cli.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

let at: CliWorld;
beforeAll(async () => {
  at = await createCliWorld();
});
afterAll(() => at.close());

describe('before anything is registered', () => {
  test.each([
    ['accounts list', 'No account is registered.\n'],
    ['instances list', 'No instance is registered.\n'],
    ['access-requests list', 'No request waits for support.\n'],
    ['access-requests list --status denied', 'No request is "denied".\n'],
    ['sync runs', 'No run has started yet.\n'],
    ['audit list --to 2020-01-01', 'No record matches.\n'],
  ])('"%s" says that there is nothing', async (command, out) => {
    expect(await at.cli(command)).toEqual({ code: 0, out, err: '' });
  });

  test('a list of nothing is an empty list in JSON', async () => {
    expect(await at.cli.json('accounts list')).toEqual({ items: [] });
  });
});

describe('with an instance', () => {
  let instanceId: string;
  beforeAll(async () => {
    instanceId = await at.world.register();
  });

  interface Records {
    items: { actor: string; at: string }[];
  }

  test('the audit is filtered by subject, instance, actor and time, and read page by page', async () => {
    const { cli } = at;
    const { items: all } = await cli.json<Records>('audit list --limit 200');
    const byCli = await cli.json<Records>('audit list --actor cli');
    expect(byCli.items).toHaveLength(1);
    expect(byCli.items).toEqual(all.filter((one) => one.actor === 'cli'));

    const ofInstance = await cli('audit list --instance ghes.acme.example');
    expect(ofInstance.out).toMatch(/instance\.registered +instance [0-9a-f-]{36} +token:\S+ +kind=ghes/);
    expect((await cli('audit list --subject', instanceId)).out).toBe(ofInstance.out);

    const first = await cli('audit list --limit 1');
    const after = /There is more: add --after (\d+)\n$/.exec(first.out)![1]!;
    expect((await cli.json<Records>('audit list --limit 1 --after', after)).items).toEqual([all[1]]);

    const newest = all[0]!.at;
    const early = await cli.json<Records>('audit list --limit 200 --to', newest);
    expect(early.items).toEqual(all.filter((one) => one.at < newest));
    const late = await cli.json<Records>('audit list --from', newest);
    expect(late.items).toEqual(all.filter((one) => one.at >= newest));
  });

  test.each([
    ['--from 2027-02-29', 2, 'It is no time that exists'],
    ['--to yesterday', 2, 'It is no time that exists'],
    ['--limit 0', 2, 'It is not a number from 1 to 200.'],
    ['--subject devi', 2, 'It is not an id (a UUID).'],
    ['--after x', 1, 'after: is not what an earlier page gave as "next"'],
    ['--instance x', 1, 'No instance has the id or the host name "x".'],
  ])('"audit list %s" is refused', async (filter, code, words) => {
    const ran = await at.cli(`audit list ${filter}`);
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err).toContain(words);
  });

  test('operators see which requests wait, and nothing of who asked', async () => {
    const { cli, world } = at;
    const requestId = randomUUID();
    await world.pool.query(
      `insert into access_request (id, instance_id, requester_source_user_id, requester_source_created_at,
         requester_github_user_id, status, contact_due_at, created_at)
       values ($1, $2, 424242, '2019-03-10T08:30:00Z', 434343, 'logged', '2026-11-26T08:00:00Z', '2026-11-24T08:00:00Z')`,
      [requestId, instanceId],
    );
    expect((await cli('access-requests list')).out).toMatch(
      new RegExp(`ghes.acme.example +logged +2026-11-24T08:00:00Z +2026-11-26T08:00:00Z +- +no +- +${requestId}\n$`),
    );
    expect(JSON.stringify(await cli.json('access-requests list'))).not.toMatch(/424242|434343/);
  });
});

test.each(['doctor connection', 'receipts list'])('"%s" of what there is not is refused', async (command) => {
  const { cli } = at;
  const unknown = await cli(command, randomUUID());
  expect(unknown).toMatchObject({ code: 1, out: '' });
  expect(unknown.err).toContain('Code: not_found');
  // What is no id is never put into an address.
  expect(await cli(command, '../sync')).toMatchObject({ code: 2, out: '' });
});

test('what is not the API is told from an API that refuses', async () => {
  const { url } = at.world.instance;
  const ran = await cliWith({ UC_API_URL: url, UC_API_TOKEN: `uc_${'a'.repeat(43)}` })('accounts list');
  expect(ran).toMatchObject({ code: 3, out: '' });
  expect(ran.err).toContain(`What answers at ${url} is not the API of this release`);
});
