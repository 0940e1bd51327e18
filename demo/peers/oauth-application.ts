import { json, noContent, notFound, refusal } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Incoming } from './incoming.ts';
import type { People } from './people.ts';

export interface OAuthApplication {
  clientId: string;
  clientSecret: string;
  /** On the page that asks people for their consent. */
  name: string;
  /** Where a browser may be sent back to: there, or below it. */
  callbackUrl: string;
}

/** `POST /applications/:client_id/token`: whose token it is; 404 for one that does not hold. */
export function checkToken(application: OAuthApplication, people: People, request: Incoming, clientId: string): Answer {
  const refused = refusedClient(application, request, clientId);
  if (refused !== undefined) return refused;
  const value = accessTokenIn(request);
  const found = value === undefined ? undefined : people.byToken(value);
  if (value === undefined) return refusal(422, 'Validation Failed');
  if (found === undefined) return notFound();
  const { person, token } = found;
  return json(200, {
    id: person.id,
    token: value,
    token_last_eight: value.slice(-8),
    scopes: token.scopes,
    app: { name: application.name, client_id: clientId },
    user: { id: person.id, login: person.login, type: 'User' },
  });
}

/** `DELETE /applications/:client_id/token`: that token alone; the person's other tokens go on. */
export function deleteToken(
  application: OAuthApplication,
  people: People,
  request: Incoming,
  clientId: string,
): Answer {
  const refused = refusedClient(application, request, clientId);
  if (refused !== undefined) return refused;
  const value = accessTokenIn(request);
  if (value === undefined || !people.revokeToken(value)) return refusal(422, 'Validation Failed');
  return noContent();
}

function refusedClient(application: OAuthApplication, request: Incoming, clientId: string): Answer | undefined {
  const basic = /^basic +(?<pair>\S+)$/i.exec(request.headers['authorization'] ?? '')?.groups?.['pair'] ?? '';
  const expected = `${application.clientId}:${application.clientSecret}`;
  if (Buffer.from(basic, 'base64').toString('utf8') !== expected) return refusal(401, 'Requires authentication');
  return clientId === application.clientId ? undefined : notFound();
}

function accessTokenIn({ json: body }: Incoming): string | undefined {
  const value = typeof body === 'object' && body !== null && 'access_token' in body ? body.access_token : undefined;
  return typeof value === 'string' ? value : undefined;
}
