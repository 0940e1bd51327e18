import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { says, startOddServer } from '../support/odd-server.ts';
import { failed, get, server, within } from './client.ts';

describe('what we give up', () => {
  test('is not begun if that was before', async () => {
    expect(await get(within({}), server.url, AbortSignal.abort())).toEqual(failed('aborted'));
    expect(server.asked).toEqual([]);
  });

  test('breaks the connection, whoever waits for an answer', async () => {
    const abort = new AbortController();
    const closed = new Promise<void>((resolve) => {
      server.answers((response) => {
        response.once('close', resolve);
        abort.abort();
      });
    });
    expect(await get(within({}), server.url, abort.signal)).toEqual(failed('aborted'));
    await closed;
  });

  test('is all that one signal was given to, and no answer that came before', async () => {
    const abort = new AbortController();
    const client = within({});
    server.answers(says(200, '{}'));
    expect(await get(client, server.url, abort.signal)).toMatchObject({ ok: true });
    const arrived = new Promise<void>((resolve) => {
      server.answers(() => void (server.asked.length === 4 && resolve()));
    });
    const waiting = [1, 2, 3].map(() => get(client, server.url, abort.signal));
    await arrived;
    abort.abort();
    expect(await Promise.all(waiting)).toEqual([failed('aborted'), failed('aborted'), failed('aborted')]);
    server.answers(says(200, '{}'));
    expect(await get(client, server.url, new AbortController().signal)).toMatchObject({ ok: true });
  });

  test('while it waited for a connection is never sent', async () => {
    const abort = new AbortController();
    const arrived = new Promise<ServerResponse>((resolve) => server.answers(resolve));
    const client = within({ connections: 1 });
    const [one, two] = [get(client), get(client, server.url, abort.signal)];
    abort.abort();
    expect(await two).toEqual(failed('aborted'));
    (await arrived).end('{}');
    expect(await one).toMatchObject({ ok: true });
    server.answers(says(200, '{}'));
    expect(await get(client)).toMatchObject({ ok: true });
    expect(server.asked).toHaveLength(2);
  });

  test('ends with the client: what is under way is cut, and nothing more is sent', async () => {
    const arrived = new Promise<void>((resolve) => server.answers(() => resolve()));
    const client = within({});
    const waiting = get(client);
    await arrived;
    await client.close();
    expect(await waiting).toEqual(failed('aborted'));
    expect(await get(client)).toEqual(failed('aborted'));
    expect(server.asked).toHaveLength(1);
  });
});

describe('one slow server', () => {
  test('takes no connection of another', async () => {
    const slow = await startOddServer();
    slow.answers(() => undefined);
    const client = within({ connections: 1, headersTimeoutMs: 20_000 });
    const [stuck, behind] = [get(client, slow.url), get(client, slow.url)];
    server.answers(says(200, '{}'));
    expect(await get(client)).toMatchObject({ ok: true });
    await client.close();
    expect(await Promise.all([stuck, behind])).toEqual([failed('aborted'), failed('aborted')]);
    await slow.close();
  });

  test('is waited for no longer than the deadline, by whoever waits for its connection too', async () => {
    server.answers(() => undefined);
    const client = within({ connections: 1, deadlineMs: 100 });
    const outcomes = await Promise.all([get(client), get(client), get(client)]);
    expect(outcomes).toEqual([failed('timed_out'), failed('timed_out'), failed('timed_out')]);
  });
});
