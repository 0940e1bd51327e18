import { buildSchema } from 'graphql';

/** The part of the published GraphQL schema that the demo's GitHub.com answers: who owns what, and GitHub Connect. */
export const GITHUB_SCHEMA_PART = /* GraphQL */ `
  scalar DateTime
  scalar URI

  type Query {
    viewer: User!
    user(login: String!): User
    organization(login: String!): Organization
    enterprise(slug: String!): Enterprise
  }

  type User {
    id: ID!
    databaseId: Int
    login: String!
    name: String
    createdAt: DateTime!
    isSiteAdmin: Boolean!
    isViewer: Boolean!
  }

  type Organization {
    id: ID!
    databaseId: Int
    login: String!
    name: String
    createdAt: DateTime!
    viewerCanAdminister: Boolean!
    viewerIsAMember: Boolean!
  }

  type Enterprise {
    id: ID!
    databaseId: Int
    slug: String!
    name: String!
    createdAt: DateTime!
    viewerIsAdmin: Boolean!
    ownerInfo: EnterpriseOwnerInfo
  }

  enum EnterpriseAdministratorRole {
    OWNER
    BILLING_MANAGER
  }

  type EnterpriseOwnerInfo {
    admins(
      query: String
      role: EnterpriseAdministratorRole
      after: String
      before: String
      first: Int
      last: Int
    ): EnterpriseAdministratorConnection!
    enterpriseServerInstallations(
      after: String
      before: String
      first: Int
      last: Int
      connectedOnly: Boolean = false
    ): EnterpriseServerInstallationConnection!
  }

  type EnterpriseAdministratorConnection {
    edges: [EnterpriseAdministratorEdge]
    nodes: [User]
    pageInfo: PageInfo!
    totalCount: Int!
  }

  type EnterpriseAdministratorEdge {
    cursor: String!
    node: User
    role: EnterpriseAdministratorRole!
  }

  type EnterpriseServerInstallationConnection {
    edges: [EnterpriseServerInstallationEdge]
    nodes: [EnterpriseServerInstallation]
    pageInfo: PageInfo!
    totalCount: Int!
  }

  type EnterpriseServerInstallationEdge {
    cursor: String!
    node: EnterpriseServerInstallation
  }

  type EnterpriseServerInstallation {
    id: ID!
    hostName: String!
    customerName: String!
    isConnected: Boolean!
    createdAt: DateTime!
    updatedAt: DateTime!
  }

  type PageInfo {
    endCursor: String
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
  }
`;

export const gitHubSchema = buildSchema(GITHUB_SCHEMA_PART);
