import { buildSchema } from 'graphql';

/**
 * The part of the published GraphQL schema that the demo instance answers: the contribution calendar, and enough of
 * repositories and pull requests that a client which asks for more than counts is seen to get it.
 */
export const INSTANCE_SCHEMA_PART = /* GraphQL */ `
  scalar DateTime
  scalar Date
  scalar URI
  scalar GitObjectID

  type Query {
    viewer: User!
    user(login: String!): User
  }

  type User {
    id: ID!
    databaseId: Int
    login: String!
    name: String
    createdAt: DateTime!
    isSiteAdmin: Boolean!
    isViewer: Boolean!
    url: URI!
    contributionsCollection(from: DateTime, to: DateTime, organizationID: ID): ContributionsCollection!
    repositories(first: Int, last: Int, after: String, before: String): RepositoryConnection!
    pullRequests(first: Int, last: Int, after: String, before: String): PullRequestConnection!
  }

  type ContributionsCollection {
    startedAt: DateTime!
    endedAt: DateTime!
    hasAnyContributions: Boolean!
    hasAnyRestrictedContributions: Boolean!
    restrictedContributionsCount: Int!
    contributionCalendar: ContributionCalendar!
    commitContributionsByRepository(maxRepositories: Int = 25): [CommitContributionsByRepository!]!
    user: User!
  }

  type ContributionCalendar {
    colors: [String!]!
    isHalloween: Boolean!
    totalContributions: Int!
    weeks: [ContributionCalendarWeek!]!
  }

  type ContributionCalendarWeek {
    firstDay: Date!
    contributionDays: [ContributionCalendarDay!]!
  }

  type ContributionCalendarDay {
    date: Date!
    weekday: Int!
    color: String!
    contributionCount: Int!
    contributionLevel: ContributionLevel!
  }

  enum ContributionLevel {
    NONE
    FIRST_QUARTILE
    SECOND_QUARTILE
    THIRD_QUARTILE
    FOURTH_QUARTILE
  }

  type CommitContributionsByRepository {
    repository: Repository!
    url: URI!
  }

  type RepositoryConnection {
    nodes: [Repository]
    totalCount: Int!
  }

  type Repository {
    id: ID!
    name: String!
    nameWithOwner: String!
    description: String
    isPrivate: Boolean!
    defaultBranchRef: Ref
  }

  type Ref {
    name: String!
    target: GitObject
  }

  interface GitObject {
    oid: GitObjectID!
  }

  type Commit implements GitObject {
    oid: GitObjectID!
    message: String!
  }

  type PullRequestConnection {
    nodes: [PullRequest]
    totalCount: Int!
  }

  type PullRequest {
    id: ID!
    number: Int!
    title: String!
    body: String!
    createdAt: DateTime!
    repository: Repository!
  }
`;

export const instanceSchema = buildSchema(INSTANCE_SCHEMA_PART);
