import type { AddressRule } from '../net/address.ts';
import { type Fields, isFields } from '../net/json.ts';
import type { Answer } from '../ports/authority.ts';
import { ENTERPRISE_OWNERS_QUERY, SERVER_INSTALLATIONS_QUERY } from './enterprise-queries.ts';
import { type Ask, known, UNKNOWN } from './look-up.ts';

/** What an enterprise owner's credential shows of the enterprise account. */
export interface Enterprise {
  hasOwner(slug: string, credential: string, user: { id: number; login: string }): Promise<Answer<boolean>>;
  hasConnected(slug: string, credential: string, hostname: string): Promise<Answer<boolean>>;
}

const MOST_PAGES = 50;

export function createEnterprise(ask: Ask, at: AddressRule): Enterprise {
  /** Whether any entry of the list passes; unknown unless every page was read. */
  const any = async (list: List, credential: string, passes: (node: Fields) => boolean): Promise<Answer<boolean>> => {
    let after: string | null = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await ask(at, credential, list.query, { ...list.variables, after });
      const read = answer.known ? readPage(answer.value, list.field) : undefined;
      if (read === undefined) return UNKNOWN;
      if (read.nodes.some((node) => isFields(node) && passes(node))) return known(true);
      if (read.next === undefined) return known(false);
      after = read.next;
    }
    return UNKNOWN;
  };
  return {
    hasOwner: (slug, credential, { id, login }) => {
      const list = { query: ENTERPRISE_OWNERS_QUERY, field: 'admins', variables: { slug, login } };
      return any(list, credential, ({ databaseId }) => databaseId === id);
    },
    hasConnected: (slug, credential, hostname) => {
      const list = { query: SERVER_INSTALLATIONS_QUERY, field: 'enterpriseServerInstallations', variables: { slug } };
      const sought = hostname.toLowerCase();
      // A host that was connected again is listed again: one connected entry is enough.
      return any(list, credential, ({ hostName, isConnected }) => isConnected === true && lower(hostName) === sought);
    },
  };
}

interface List {
  query: string;
  field: string;
  variables: Readonly<Record<string, string>>;
}

/** Undefined where the credential does not show the list: `ownerInfo` is null to anybody but an owner. */
function readPage(data: Fields, field: string): { nodes: unknown[]; next: string | undefined } | undefined {
  const enterprise = data['enterprise'];
  const ownerInfo = isFields(enterprise) ? enterprise['ownerInfo'] : undefined;
  const list = isFields(ownerInfo) ? ownerInfo[field] : undefined;
  if (!isFields(list) || !Array.isArray(list['nodes']) || !isFields(list['pageInfo'])) return undefined;
  const { hasNextPage, endCursor } = list['pageInfo'];
  if (hasNextPage === false) return { nodes: list['nodes'], next: undefined };
  return typeof endCursor === 'string' ? { nodes: list['nodes'], next: endCursor } : undefined;
}

function lower(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}
