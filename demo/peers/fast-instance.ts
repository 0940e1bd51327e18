import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { localDate } from './calendar.ts';
import { FastCalendars } from './fast-calendar.ts';

/**
 * An instance for measuring: it answers the one calendar query from ready-made text, without GraphQL, for the user of
 * the token `bench-<number>`. Prints one line of JSON with its address; `INSTANCE_PORT` 0 or nothing takes a free port.
 *
 * `POST /_demo/bench {"changedFraction": 0.05}` begins a round in which that part of the users has other counts,
 * `{"latencyMs": 20}` delays answers; `GET /_demo/bench` tells the requests so far;
 * `GET /_demo/contributions?who=bench-7&from=…&to=…` tells what is true.
 */
const calendars = new FastCalendars();
const windows = new Map<string, { from: string; to: string }>();
let requests = 0;
let latencyMs = 0;

const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'x-oauth-scopes': 'read:user',
  'x-accepted-oauth-scopes': '',
  'x-github-enterprise-version': '3.17.2',
  'x-github-request-id': 'BE0C4',
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4999',
};

const querySchema = z.object({
  query: z.string().regex(/contributionCalendar\s*\{\s*weeks/),
  variables: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
});
const benchSchema = z.strictObject({
  changedFraction: z.number().min(0).max(1).optional(),
  latencyMs: z.number().int().min(0).optional(),
});

const truthSchema = z.object({ who: z.string().regex(/^bench-\d+$/), from: z.iso.date(), to: z.iso.date() });

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => answer(request, response, body));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env['INSTANCE_PORT'] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  process.stdout.write(`${JSON.stringify({ instance: `http://127.0.0.1:${port}` })}\n`);
});

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const url = request.url ?? '/';
  if (url.startsWith('/_demo/')) return control(request, response, body);
  requests += 1;
  const user = /bench-(?<user>\d+)$/.exec(request.headers.authorization ?? '')?.groups?.['user'];
  if (user === undefined) return send(response, 401, '{"message":"Bad credentials"}');
  if (url === '/api/v3/user') return send(response, 200, `{${userText(user)},"site_admin":false,"suspended_at":null}`);
  const window = windowOf(body);
  if (url !== '/api/graphql' || window === undefined) return send(response, 404, '{"message":"Not Found"}');
  const text = viewerText(user, calendars.weeks(Number(user), window.from, window.to));
  if (latencyMs === 0) return send(response, 200, text);
  setTimeout(() => send(response, 200, text), latencyMs);
  return undefined;
}

/** Every request of a run has the same body, so that it is parsed once. */
function windowOf(body: string): { from: string; to: string } | undefined {
  const known = windows.get(body);
  if (known !== undefined) return known;
  const parsed = querySchema.safeParse(parse(body));
  if (!parsed.success) return undefined;
  const { from, to } = parsed.data.variables;
  const today = localDate(new Date(), 0);
  const window = { from: from.slice(0, 10), to: to.slice(0, 10) < today ? to.slice(0, 10) : today };
  if (windows.size > 100) windows.clear();
  windows.set(body, window);
  return window;
}

function viewerText(user: string, weeks: string): string {
  const viewer = `"databaseId":${user},"login":"bench-${user}","createdAt":"2020-01-01T00:00:00Z"`;
  return `{"data":{"viewer":{${viewer},"contributionsCollection":{"contributionCalendar":{"weeks":${weeks}}}}}}`;
}

function userText(user: string): string {
  return `"id":${user},"login":"bench-${user}","type":"User","created_at":"2020-01-01T00:00:00Z"`;
}

function control(request: IncomingMessage, response: ServerResponse, body: string): void {
  const url = new URL(request.url ?? '/', 'http://bench');
  if (url.pathname === '/_demo/contributions') {
    const asked = truthSchema.safeParse(Object.fromEntries(url.searchParams));
    if (!asked.success) return send(response, 400, JSON.stringify({ message: z.prettifyError(asked.error) }));
    const { who, from, to } = asked.data;
    return send(response, 200, JSON.stringify(calendars.truth(Number(who.slice('bench-'.length)), from, to)));
  }
  if (request.method === 'POST') {
    const knobs = benchSchema.safeParse(parse(body));
    if (!knobs.success) return send(response, 400, JSON.stringify({ message: z.prettifyError(knobs.error) }));
    latencyMs = knobs.data.latencyMs ?? latencyMs;
    if (knobs.data.changedFraction !== undefined) calendars.nextRound(knobs.data.changedFraction);
  }
  return send(response, 200, JSON.stringify({ requests, round: calendars.round, latencyMs }));
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
