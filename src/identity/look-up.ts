import type { AddressRule } from '../net/address.ts';
import type { Http } from '../net/http.ts';
import { type Fields, isFields, parseJson } from '../net/json.ts';
import type { Answer } from '../ports/authority.ts';

export const UNKNOWN = { known: false } as const;

export function known<T>(value: T): Answer<T> {
  return { known: true, value };
}

/** Reads one thing of a REST API: its fields, or null where the API itself says that it is not there. Anything else is unknown. */
export type LookUp = (at: AddressRule, path: string, credential: string | undefined) => Promise<Answer<Fields | null>>;

export function createLookUp(http: Http): LookUp {
  return async (at, path, credential) => {
    const answer = await http.requestJson({ method: 'GET', at, path, ...bearer(credential) });
    const json = answer.ok ? parseJson(answer.body) : undefined;
    if (!answer.ok || !isFields(json)) return UNKNOWN;
    if (answer.status === 404) return known(null);
    return answer.status === 200 ? known(json) : UNKNOWN;
  };
}

/** Asks a GraphQL API; unknown unless it answered without any error. */
export type Ask = (
  at: AddressRule,
  credential: string,
  query: string,
  variables: Readonly<Record<string, string | null>>,
) => Promise<Answer<Fields>>;

export function createAsk(http: Http): Ask {
  return async (at, credential, query, variables) => {
    const body = JSON.stringify({ query, variables });
    const answer = await http.requestJson({ method: 'POST', at, path: '/graphql', body, ...bearer(credential) });
    const json = answer.ok && answer.status === 200 ? parseJson(answer.body) : undefined;
    if (!isFields(json) || json['errors'] !== undefined || !isFields(json['data'])) return UNKNOWN;
    return known(json['data']);
  };
}

function bearer(credential: string | undefined): { authorization?: string } {
  return credential === undefined ? {} : { authorization: `Bearer ${credential}` };
}
