import type { Caller } from './caller.ts';
import { CANARIES } from './canaries.ts';
import { connection } from './connection.ts';
import type { PageArguments } from './connection.ts';
import { contributionsCollection } from './contribution-calendar.ts';
import type { CalendarRules, Span } from './contribution-calendar.ts';
import type { Contributions } from './contributions.ts';
import type { Person } from './person.ts';

export interface InstanceGraphQL {
  contributions: Contributions;
  find: (login: string) => Person | undefined;
  now: () => Date;
  ends: CalendarRules['ends'];
}

/** Root of a GraphQL request: plain objects and functions that graphql's default resolver reads. */
export function instanceRoot(instance: InstanceGraphQL, caller: Caller) {
  const user = ({ login }: { login: string }) => {
    const person = instance.find(login);
    return person === undefined ? null : userNode(instance, person, caller);
  };
  return { viewer: () => userNode(instance, caller.person, caller), user };
}

function userNode(instance: InstanceGraphQL, person: Person, caller: Caller) {
  const isViewer = person.key === caller.person.key;
  // Others are seen in public only: every user that the demo has keeps private contributions private.
  const seesRestricted = isViewer && caller.token.scopes.some((scope) => scope === 'read:user' || scope === 'user');
  const node = {
    id: Buffer.from(`04:User${person.id}`).toString('base64'),
    databaseId: person.id,
    login: person.login,
    name: person.name,
    createdAt: person.createdAt,
    isSiteAdmin: person.siteAdmin,
    isViewer,
    url: `https://ghes.acme.example/${person.login}`,
    repositories: (page: PageArguments) => connection('repositories', [repository(person)], page),
    pullRequests: (page: PageArguments) => connection('pullRequests', [pullRequest(person)], page),
  };
  const collection = (span: Span) => {
    const rules = { now: instance.now(), ends: instance.ends, seesRestricted };
    const counted = contributionsCollection(person, instance.contributions, span, rules);
    const url = `https://ghes.acme.example/${person.login}/${CANARIES.repository}`;
    return { ...counted, user: node, commitContributionsByRepository: [{ repository: repository(person), url }] };
  };
  return { ...node, contributionsCollection: collection };
}

function repository(person: Person) {
  const message = `Fix the gearbox (${CANARIES.commitMessage})`;
  return {
    id: Buffer.from(`010:Repository${person.id}`).toString('base64'),
    name: CANARIES.repository,
    nameWithOwner: `${person.login}/${CANARIES.repository}`,
    description: CANARIES.description,
    isPrivate: true,
    defaultBranchRef: { name: 'main', target: { __typename: 'Commit', oid: 'c0ffee'.padEnd(40, '0'), message } },
  };
}

function pullRequest(person: Person) {
  return {
    id: Buffer.from(`011:PullRequest${person.id}`).toString('base64'),
    number: 1,
    title: CANARIES.pullRequestTitle,
    body: CANARIES.pullRequestBody,
    createdAt: person.createdAt,
    repository: repository(person),
  };
}
