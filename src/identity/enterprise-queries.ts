/** `query` only narrows the list; who is meant is decided by number. */
export const ENTERPRISE_OWNERS_QUERY =
  'query($slug: String!, $login: String!, $after: String) { enterprise(slug: $slug) { ownerInfo ' +
  '{ admins(first: 100, after: $after, query: $login, role: OWNER) { nodes { databaseId } pageInfo { hasNextPage endCursor } } } } }';

export const SERVER_INSTALLATIONS_QUERY =
  'query($slug: String!, $after: String) { enterprise(slug: $slug) { ownerInfo ' +
  '{ enterpriseServerInstallations(first: 100, after: $after) { nodes { hostName isConnected } pageInfo { hasNextPage endCursor } } } } }';
