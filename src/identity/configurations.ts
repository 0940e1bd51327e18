import * as client from 'openid-client';
import { DomainError } from '../domain/errors.ts';
import type { AddressRule } from '../net/address.ts';
import type { Http } from '../net/http.ts';
import { isFields, parseJson } from '../net/json.ts';
import type { Application } from './provider.ts';

/** What an issuer said of itself is asked again after an hour: its keys and addresses may change. */
const DISCOVERED_FOR_MS = 3_600_000;
const MOST_DISCOVERED = 100;

/** @returns how to talk to a provider. @throws DomainError sign_in_unavailable */
export function createConfigurations(http: Http): (application: Application) => Promise<client.Configuration> {
  const discovered = new Map<string, { until: number; configuration: Promise<client.Configuration> }>();
  return async (application) => {
    if (application.kind !== 'discovered') return manual(http, application);
    const key = `${application.web.baseUrl} ${application.clientId}`;
    const known = discovered.get(key);
    if (known && known.until > performance.now()) return known.configuration;
    if (discovered.size >= MOST_DISCOVERED) discovered.clear();
    const configuration = discover(http, application);
    discovered.set(key, { until: performance.now() + DISCOVERED_FOR_MS, configuration });
    // What failed is asked again the next time.
    configuration.catch(() => discovered.delete(key));
    return configuration;
  };
}

/** GitHub's two addresses, which Gitea has too; neither tells of itself in a way that OAuth 2 clients could read. */
function manual(http: Http, { web, clientId, clientSecret }: Application): client.Configuration {
  const issuer = `${web.baseUrl}/login/oauth`;
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/access_token`,
  };
  const configuration = new client.Configuration(
    metadata,
    clientId,
    clientSecret,
    client.ClientSecretPost(clientSecret),
  );
  configuration[client.customFetch] = fetchThrough(http, web);
  allowLoopback(configuration, web.allowHttpLoopback);
  return configuration;
}

async function discover(http: Http, { web, clientId, clientSecret }: Application): Promise<client.Configuration> {
  try {
    return await client.discovery(
      new URL(web.baseUrl),
      clientId,
      clientSecret,
      client.ClientSecretBasic(clientSecret),
      {
        [client.customFetch]: fetchThrough(http, web),
        // The signature of the ID token too, though it comes straight from the issuer. And the library looks for the
        // second function itself before it asks anything: one that calls it does not do.
        execute: [
          client.enableNonRepudiationChecks,
          // oxlint-disable-next-line typescript/no-deprecated -- it is marked so that it stands out
          ...(web.allowHttpLoopback ? [client.allowInsecureRequests] : []),
        ],
      },
    );
  } catch {
    throw new DomainError('sign_in_unavailable');
  }
}

/** The library takes https alone unless told; which plain addresses are loopback ones is judged by `src/net`. */
function allowLoopback(configuration: client.Configuration, allowed: boolean): void {
  // oxlint-disable-next-line typescript/no-deprecated -- it is marked so that it stands out
  if (allowed) client.allowInsecureRequests(configuration);
}

/** The library's requests go the way of all that leave this system: bounded, and to allowed addresses alone. */
function fetchThrough(http: Http, web: AddressRule): client.CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const { origin, pathname, search } = new URL(url);
    const outcome = await http.requestJson({
      method: method as 'GET' | 'POST',
      at: { ...web, baseUrl: origin },
      path: pathname + search,
      headers,
      signal,
      // Its requests have forms or nothing.
      ...((typeof body === 'string' || body instanceof URLSearchParams) && { body: body.toString() }),
    });
    if (!outcome.ok) throw new DomainError('sign_in_unavailable');
    const { 'content-type': type } = outcome.headers;
    const status = outcome.status === 200 && isErrorBody(outcome.body) ? 400 : outcome.status;
    return new Response(status === 204 ? null : outcome.body, {
      status,
      headers: type ? { 'content-type': type } : {},
    });
  };
}

/** GitHub answers a token request that it refuses with 200 and the error in the body, where OAuth 2 has 400. */
function isErrorBody(body: Buffer): boolean {
  const json = parseJson(body);
  return isFields(json) && typeof json['error'] === 'string' && json['access_token'] === undefined;
}
