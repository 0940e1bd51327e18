import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const DAY_SECONDS = 86_400;
/** So little is left of a token from its first moment on that each read refreshes it. */
const LIFE_SECONDS = 60;
const REFUSAL = { status: 401, json: { message: 'invalid username, password or token' } };

interface User {
  id: number;
  login: string;
  created: string;
  /** By the day's number since 1970. */
  counts: Map<number, number>;
}

/**
 * A program over HTTP that behaves like a Gitea as it is set up by default: access tokens end soon, and a refresh token
 * serves again and again.
 */
export async function startForge() {
  const users = new Map<number, User>();
  const endsAt = new Map<string, { user: User; at: number }>();
  let serial = 0;
  const issue = (user: User): string => {
    serial += 1;
    const at = Math.floor(Date.now() / 1000) + LIFE_SECONDS;
    const token = ['eyJ9', Buffer.from(JSON.stringify({ n: serial, exp: at })).toString('base64url'), 'sig'].join('.');
    endsAt.set(token, { user, at });
    return token;
  };
  const refreshed = async (request: IncomingMessage) => {
    const { refresh_token: given } = JSON.parse(await textOf(request)) as { refresh_token: string };
    const user = users.get(Number(given.replace('refresh-', '')));
    if (!user) return { status: 400, json: { error: 'unauthorized_client' } };
    return { status: 200, json: { access_token: issue(user), refresh_token: given, expires_in: LIFE_SECONDS } };
  };
  const answer = async (request: IncomingMessage) => {
    if (request.url === '/login/oauth/access_token') return refreshed(request);
    const token = endsAt.get(request.headers.authorization?.slice('Bearer '.length) ?? '');
    if (!token || token.at * 1000 <= Date.now()) return REFUSAL;
    const { id, login, created, counts } = token.user;
    if (request.url === '/api/v1/user') return { status: 200, json: { id, login, created, is_admin: false } };
    const buckets = Array.from(counts, ([day, count]) => ({ timestamp: day * DAY_SECONDS, contributions: count }));
    return { status: 200, json: buckets };
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, json }) => response.writeHead(status).end(JSON.stringify(json)),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    adds: (id: number, created: string) => void users.set(id, { id, login: `user-${id}`, created, counts: new Map() }),
    authorizes(id: number) {
      const token = issue(users.get(id)!);
      const expiresAt = new Date(endsAt.get(token)!.at * 1000).toISOString();
      return { token, refreshToken: `refresh-${id}`, expiresAt };
    },
    sets: (id: number, date: string, count: number) => void users.get(id)!.counts.set(dayOf(date), count),
    /** Days with contributions, both bounds included. */
    truth(id: number, from: string, to: string) {
      const days = Array.from(users.get(id)!.counts).toSorted(([a], [b]) => a - b);
      return days
        .map(([day, count]) => ({ date: new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10), count }))
        .filter(({ date, count }) => count > 0 && date >= from && date <= to);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
export type Forge = Awaited<ReturnType<typeof startForge>>;

const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / 1000 / DAY_SECONDS;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
