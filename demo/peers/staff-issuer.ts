import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import { html, notFound } from './answer.ts';
import { readIncoming } from './incoming.ts';
import { listenOn } from './listener.ts';
import type { Listener } from './listener.ts';
import { staffPage } from './staff-pages.ts';
import { DEMO_STAFF_CLIENT, seedStaff } from './staff-accounts.ts';
import type { StaffAccount } from './staff-accounts.ts';
import { createStaffProvider } from './staff-provider.ts';
import type { StaffClient } from './staff-provider.ts';
import { writeAnswer } from './write-answer.ts';

export interface StaffIssuerOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  redirectUris?: string[];
  /** Keys that it says are its own, and with which it signs nothing. */
  publishes?: { keys: object[] };
}

/** An OpenID Connect issuer for support staff. Its address is the issuer; what it says of itself is discovered there. */
export interface StaffIssuer extends Listener {
  readonly client: StaffClient;
  /** Whoever is taken out or changed here is gone or changed from then on. */
  readonly accounts: StaffAccount[];
}

const ANY_LOOPBACK_PORT = 'http://127.0.0.1/sign-in/callback/staff';

export async function startStaffIssuer(options: StaffIssuerOptions = {}): Promise<StaffIssuer> {
  const accounts = seedStaff();
  const client = { ...DEMO_STAFF_CLIENT, redirectUris: options.redirectUris ?? [ANY_LOOPBACK_PORT] };
  const server = createServer();
  const listener = await listenOn(server, options.port ?? 0);
  const provider = createStaffProvider(listener.url, client, accounts);
  const answer = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (options.publishes && request.url === '/jwks') {
      response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify(options.publishes));
      return;
    }
    const isPage = request.url?.startsWith('/interaction/') === true;
    (isPage ? interact(provider, accounts, request, response) : answer(request, response)).catch(() => {
      response.destroy();
    });
  });
  return { ...listener, client, accounts };
}

/** Who it is: a button each, as there are no passwords. */
async function interact(
  provider: Provider,
  accounts: readonly StaffAccount[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid } = await provider.interactionDetails(request, response);
  const { method, form } = await readIncoming(request);
  const account = accounts.find(({ sub }) => sub === form['sub']);
  if (method === 'GET') return writeAnswer(response, html(200, staffPage(uid, accounts)), {}, []);
  if (account === undefined) return writeAnswer(response, notFound(), {}, []);
  await provider.interactionFinished(request, response, { login: { accountId: account.sub } });
}
