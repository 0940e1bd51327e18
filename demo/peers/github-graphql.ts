import type { Accounts, Enterprise, Organization } from './accounts.ts';
import type { Caller } from './caller.ts';
import { connection } from './connection.ts';
import type { PageArguments } from './connection.ts';
import { TypedGraphQLError } from './graphql-endpoint.ts';
import type { People } from './people.ts';
import type { Person } from './person.ts';

/** Root of a GraphQL request: plain objects and functions that graphql's default resolver reads. */
export function gitHubRoot(accounts: Accounts, people: People, caller: Caller) {
  const user = ({ login }: { login: string }) => {
    const person = people.byLogin(login);
    return person === undefined ? null : userNode(person, caller);
  };
  const organization = ({ login }: { login: string }) => {
    const found = accounts.organization(login);
    if (found === undefined) throw notFound(`Could not resolve to an Organization with the login of '${login}'.`);
    return organizationNode(found, caller);
  };
  const enterprise = ({ slug }: { slug: string }) => {
    const found = accounts.enterprise(slug);
    if (found === undefined || !found.members.includes(caller.person.key)) {
      throw notFound(`Could not resolve to a Business with the URL slug of '${slug}'.`);
    }
    return enterpriseNode(found, people, caller);
  };
  return { viewer: () => userNode(caller.person, caller), user, organization, enterprise };
}

const notFound = (message: string): Error => new TypedGraphQLError('NOT_FOUND', message);
const nodeId = (type: string, id: number): string => Buffer.from(`${type}${id}`).toString('base64');

function userNode(person: Person, caller: Caller) {
  const { id, login, name, createdAt, siteAdmin, key } = person;
  const isViewer = key === caller.person.key;
  return { id: nodeId('User', id), databaseId: id, login, name, createdAt, isSiteAdmin: siteAdmin, isViewer };
}

function organizationNode({ id, login, name, createdAt, members }: Organization, { person }: Caller) {
  const membership = members[person.key];
  const viewerIsAMember = membership?.state === 'active';
  const viewerCanAdminister = viewerIsAMember && membership.role === 'admin';
  return {
    id: nodeId('Organization', id),
    databaseId: id,
    login,
    name,
    createdAt,
    viewerIsAMember,
    viewerCanAdminister,
  };
}

function enterpriseNode(enterprise: Enterprise, people: People, caller: Caller) {
  const { id, slug, name, createdAt, owners } = enterprise;
  const viewerIsAdmin = owners.includes(caller.person.key);
  const ownerInfo = () => {
    if (!viewerIsAdmin) return null;
    requireEnterpriseScope(caller);
    return ownerInfoNode(enterprise, people, caller);
  };
  return { id: nodeId('Enterprise', id), databaseId: id, slug, name, createdAt, viewerIsAdmin, ownerInfo };
}

interface AdminArguments extends PageArguments {
  query?: string | null;
  role?: 'OWNER' | 'BILLING_MANAGER' | null;
}

function ownerInfoNode({ owners, installations }: Enterprise, people: People, caller: Caller) {
  const admins = ({ query, role, ...page }: AdminArguments) => {
    const sought = query?.toLowerCase() ?? '';
    const found = (role === 'BILLING_MANAGER' ? [] : owners)
      .map((key) => people.get(key))
      .filter((person) => !person.gone && `${person.login} ${person.name}`.toLowerCase().includes(sought))
      .map((person) => userNode(person, caller));
    const answer = connection('admins', found, page);
    return { ...answer, edges: answer.edges.map((edge) => ({ ...edge, role: 'OWNER' })) };
  };
  const enterpriseServerInstallations = ({ connectedOnly, ...page }: PageArguments & { connectedOnly?: boolean }) => {
    const found = installations
      .filter(({ isConnected }) => isConnected || connectedOnly !== true)
      .map((one, index) => ({ ...one, id: nodeId('EnterpriseServerInstallation', index), updatedAt: one.createdAt }));
    return connection('enterpriseServerInstallations', found, page);
  };
  return { admins, enterpriseServerInstallations };
}

function requireEnterpriseScope({ token: { scopes } }: Caller): void {
  if (scopes.some((scope) => ['read:enterprise', 'manage_billing:enterprise', 'admin:enterprise'].includes(scope)))
    return;
  const granted = scopes.map((scope) => `'${scope}'`).join(', ');
  const message =
    "Your token has not been granted the required scopes to execute this query. The 'ownerInfo' field requires one of " +
    `the following scopes: ['read:enterprise'], but your token has only been granted the: [${granted}] scopes.`;
  throw new TypedGraphQLError('INSUFFICIENT_SCOPES', message);
}
