import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { createHttp, type Http, type HttpLimits, type HttpOutcome } from '../../src/net/http.ts';
import { startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';

export let server: OddServer;
export let http: Http;
beforeAll(async () => {
  server = await startOddServer();
});
afterEach(async () => {
  await http?.close();
  server.asked.length = 0;
});
afterAll(() => server.close());

/** A client of the test's own, which is closed after it. */
export function within(limits: Partial<HttpLimits>): Http {
  http = createHttp(limits);
  return http;
}

export const at = (baseUrl: string) => ({ baseUrl, allowHttpLoopback: true });
export const failed = (reason: string) => ({ ok: false, reason });

export function get(client: Http, baseUrl = server.url, signal?: AbortSignal): Promise<HttpOutcome> {
  return client.requestJson({ method: 'GET', at: at(baseUrl), path: '/a', authorization: 'Bearer secret', signal });
}

/** What a client makes of such an answer. */
export function answered(respond: Respond, limits: Partial<HttpLimits> = {}): Promise<HttpOutcome> {
  server.answers(respond);
  return get(within(limits));
}
