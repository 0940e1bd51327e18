import { TypedGraphQLError } from './graphql-endpoint.ts';

export interface PageArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

const LARGEST_PAGE = 100;

/** A page of a list as GraphQL's connections give it; as at the real API `first` or `last` must be given. */
export function connection<Item>(name: string, items: readonly Item[], page: PageArguments) {
  const size = page.first ?? page.last;
  if (size == null) {
    const message = `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`;
    throw new TypedGraphQLError('MISSING_PAGINATION_BOUNDARIES', message);
  }
  if (size < 0 || size > LARGEST_PAGE) {
    const message = `Requesting ${size} records on the \`${name}\` connection exceeds the limit of ${LARGEST_PAGE} records.`;
    throw new TypedGraphQLError('EXCESSIVE_PAGINATION', message);
  }
  const start = page.after == null ? 0 : indexIn(page.after) + 1;
  const end = page.before == null ? items.length : indexIn(page.before);
  const from = page.first == null ? Math.max(start, end - size) : start;
  const to = page.first == null ? end : Math.min(end, start + size);
  const edges = items.slice(from, to).map((node, index) => ({ node, cursor: cursorOf(from + index) }));
  return {
    nodes: edges.map(({ node }) => node),
    edges,
    totalCount: items.length,
    pageInfo: {
      hasNextPage: to < items.length,
      hasPreviousPage: from > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const cursorOf = (index: number): string => Buffer.from(`cursor:${index}`).toString('base64');

function indexIn(cursor: string): number {
  const index = /^cursor:(?<index>\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.groups?.['index'];
  if (index === undefined)
    throw new TypedGraphQLError('INVALID_CURSOR_ARGUMENTS', `\`${cursor}\` is not a valid cursor.`);
  return Number(index);
}
