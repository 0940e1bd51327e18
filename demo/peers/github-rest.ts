import type { Accounts, Organization } from './accounts.ts';
import { badCredentials, json, notFound, refusal } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Caller } from './caller.ts';
import type { FaultBoard } from './fault-board.ts';
import { answerGraphQL } from './graphql-endpoint.ts';
import { gitHubRoot } from './github-graphql.ts';
import { gitHubSchema } from './github-schema.ts';
import type { People } from './people.ts';
import type { Person } from './person.ts';
import type { Route } from './routes.ts';
import { lookedUp, userBody } from './user-answers.ts';

/** Either a person asks, or an organization's App installation. */
export interface GitHubContext {
  people: People;
  faults: FaultBoard;
  accounts: Accounts;
  caller: Caller | undefined;
  installation: Organization | undefined;
}

type Handle = Route<GitHubContext>['handle'];

/** What GitHub.com opens to these credentials, as far as the demo plays it. */
export const GITHUB_ROUTES: readonly Route<GitHubContext>[] = [
  {
    method: 'POST',
    path: '/graphql',
    handle: asPerson((request, { accounts, people }, _parts, caller) =>
      answerGraphQL(gitHubSchema, gitHubRoot(accounts, people, caller), request.json),
    ),
  },
  {
    method: 'GET',
    path: '/user',
    handle: asPerson((_request, _context, _parts, caller) => json(200, userBody(caller.person, ''))),
  },
  {
    method: 'GET',
    path: '/user/memberships/orgs/:org',
    handle: asPerson((_request, { accounts }, { org = '' }, caller) => ownMembership(accounts, org, caller)),
  },
  {
    method: 'GET',
    path: '/user/:id',
    handle: (_request, { people, faults }, parts) => lookedUp(people.byId(Number(parts['id'])), faults, ''),
  },
  {
    method: 'GET',
    path: '/users/:login',
    handle: (_request, { people, faults }, parts) => lookedUp(people.byLogin(parts['login'] ?? ''), faults, ''),
  },
  {
    method: 'GET',
    path: '/orgs/:org/memberships/:username',
    handle: (_request, context, { org = '', username = '' }) => membershipOf(context, org, username),
  },
];

function asPerson(handle: (...given: [...Parameters<Handle>, Caller]) => ReturnType<Handle>): Handle {
  return (request, context, parts) => {
    if (context.caller !== undefined) return handle(request, context, parts, context.caller);
    return context.installation === undefined ? badCredentials() : notForApps();
  };
}

const notForApps = (): Answer => refusal(403, 'Resource not accessible by integration');

const READS_MEMBERSHIPS = ['read:org', 'write:org', 'admin:org', 'repo', 'user'];

function ownMembership(accounts: Accounts, login: string, { person, token }: Caller): Answer {
  const accepted = { 'x-accepted-oauth-scopes': READS_MEMBERSHIPS.toSorted().join(', ') };
  if (!token.scopes.some((scope) => READS_MEMBERSHIPS.includes(scope))) {
    return refusal(403, 'You need at least read:org scope or user scope to view your memberships.', accepted);
  }
  const organization = accounts.organization(login);
  return organization === undefined ? notFound() : membershipBody(organization, person, accepted);
}

function membershipOf(
  { accounts, people, installation, caller }: GitHubContext,
  org: string,
  username: string,
): Answer {
  const organization = accounts.organization(org);
  if (organization === undefined) return notFound();
  const asMember = caller !== undefined && organization.members[caller.person.key]?.state === 'active';
  if (installation?.id !== organization.id && !asMember) return installation === undefined ? notFound() : notForApps();
  const person = people.byLogin(username);
  return person === undefined ? notFound() : membershipBody(organization, person);
}

function membershipBody(organization: Organization, person: Person, headers: Record<string, string> = {}): Answer {
  const membership = organization.members[person.key];
  if (membership === undefined) return notFound();
  const { id, login } = organization;
  const body = { ...membership, organization: { id, login }, user: { id: person.id, login: person.login } };
  return json(200, { ...body, url: `/orgs/${login}/memberships/${person.login}` }, headers);
}
