import { describe, expect, test } from '@jest/globals';
import { says, startOddServer, type Respond } from '../support/odd-server.ts';
import { answered, at, failed, get, http, server, within } from './client.ts';

describe('a request', () => {
  test('brings its answer whole: status, headers and body', async () => {
    const answer = await answered(says(418, 'tea', { 'x-pot': 'yes' }));
    expect(answer).toMatchObject({ ok: true, status: 418, headers: { 'x-pot': 'yes' }, body: Buffer.from('tea') });
  });

  test('carries what it was given and who we are, under the path of the address', async () => {
    server.answers(says(200, '{}'));
    await within({}).requestJson({
      method: 'POST',
      at: at(`${server.url}/git/`),
      path: '/api?x=1',
      authorization: 'Bearer secret',
      headers: { 'x-extra': '1' },
      body: '{"a":1}',
    });
    const { method, path, headers, body } = server.asked[0]!;
    expect([method, path, body]).toEqual(['POST', '/git/api?x=1', '{"a":1}']);
    expect(headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^unified-contributions\/\d+\.\d+/),
      'x-extra': '1',
    });
    expect(headers['cookie']).toBeUndefined();
  });

  test('is not sent on to where an answer points', async () => {
    const other = await startOddServer();
    const answer = await answered(says(302, '', { location: other.url }));
    expect(answer).toMatchObject({ ok: true, status: 302 });
    expect(other.asked).toEqual([]);
    await other.close();
  });

  test('is not sent to an address that is not allowed', async () => {
    expect(await get(within({}), 'http://192.0.2.1')).toEqual(failed('address_not_allowed'));
    expect(await get(http, 'ftp://127.0.0.1')).toEqual(failed('address_not_allowed'));
    const strict = { baseUrl: server.url, allowHttpLoopback: false };
    expect(await http.requestJson({ method: 'GET', at: strict, path: '/' })).toEqual(failed('address_not_allowed'));
    expect(server.asked).toEqual([]);
  });

  test('is not sent with a header that HTTP cannot carry', async () => {
    const authorization = 'Bearer a\r\nx-evil: 1';
    const answer = await within({}).requestJson({ method: 'GET', at: at(server.url), path: '/', authorization });
    expect(answer).toEqual(failed('unsendable'));
    expect(server.asked).toEqual([]);
  });
});

describe('the size of an answer', () => {
  test('is bounded by what it says', async () => {
    const promising: Respond = (response) => response.writeHead(200, { 'content-length': '101' }).flushHeaders();
    expect(await answered(promising, { maxBodyBytes: 100 })).toEqual(failed('too_large'));
    const kept = says(200, 'x'.repeat(100), { 'content-length': '100' });
    expect(await answered(kept, { maxBodyBytes: 100 })).toMatchObject({ ok: true });
  });

  test('is bounded by what comes, where it says nothing', async () => {
    const chunked: Respond = (response) => {
      response.writeHead(200).write('x'.repeat(60), () => response.end('y'.repeat(60)));
    };
    expect(await answered(chunked, { maxBodyBytes: 119 })).toEqual(failed('too_large'));
    const body = Buffer.from('x'.repeat(60) + 'y'.repeat(60));
    expect(await answered(chunked, { maxBodyBytes: 120 })).toMatchObject({ ok: true, body });
  });
});
