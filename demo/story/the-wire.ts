import { z } from 'zod';
import { CANARY_WORDS } from '../peers/canaries.ts';
import { DEMO_PEOPLE, DEMO_TOKENS } from '../peers/demo-people.ts';
import { ok } from './api.ts';
import type { Developers } from './connecting.ts';
import { TELLING_COUNT } from './syncing.ts';
import { found, searchEverything } from './search.ts';
import type { Story } from './setting.ts';

/** All that the product may ask an instance about a developer. */
const ASKED = [
  'query',
  'from',
  'to',
  'DateTime',
  'viewer',
  'databaseId',
  'login',
  'createdAt',
  'contributionsCollection',
];
const CALENDAR = ['contributionCalendar', 'weeks', 'contributionDays', 'date', 'contributionCount'];

const PERSONAL = [
  ...DEMO_PEOPLE.flatMap(({ key, name, instanceLogin, githubLogin }) => [
    name,
    instanceLogin,
    githubLogin,
    DEMO_TOKENS.instance(key),
  ]),
  DEMO_TOKENS.instanceReader,
  DEMO_TOKENS.enterpriseOwner,
];

/** S6, I1, I7: only the count and the source's label ever left an instance. */
export async function theWire(story: Story, { goran }: Developers): Promise<void> {
  const { checks, anyone } = story;
  checks.chapter('What crossed the wire');
  const requests = await story.requests();
  checks.equal(
    `no word of a repository, title or message is in any of ${requests.length} requests`,
    found(CANARY_WORDS, { requests: JSON.stringify(requests) }),
    [],
  );
  const asked = requests.filter(({ path }) => path === '/api/graphql').map(({ body }) => GRAPHQL.parse(body).query);
  const queries = new Set(asked);
  const words = [...queries].flatMap((query) => query.match(/[A-Za-z]+/g) ?? []);
  checks.equal('about a developer’s work one query alone was asked', queries.size, 1);
  checks.equal(
    'and it names nothing but days and counts',
    words.filter((word) => ![...ASKED, ...CALENDAR].includes(word)),
    [],
  );

  await searchEverything(story, PERSONAL, TELLING_COUNT);

  const { json, svg } = await goran.makesProfilePublic();
  const profile = ok(await anyone.get<PublicProfile>(json));
  checks.that('Goran’s public profile shows counts', profile.total > 0 && profile.sources.length === 1, profile.total);
  checks.equal(
    'its source is exactly "GitHub Enterprise Server"',
    profile.sources.map(({ label }) => label),
    ['GitHub Enterprise Server'],
  );
  const fields = [profile, ...profile.days, ...profile.sources, ...profile.sources.flatMap(({ days }) => days)].flatMap(
    Object.keys,
  );
  checks.equal(
    'it holds days, counts, levels and the label, and no other field',
    [...new Set(fields)].toSorted(),
    PUBLIC_FIELDS,
  );
  const picture = ok(await anyone.get<string>(svg));
  checks.that('the picture names the source', picture.includes('GitHub Enterprise Server'));
  checks.equal(
    'and nothing of the person or of their work',
    found([...CANARY_WORDS, ...PERSONAL], { picture, json: JSON.stringify(profile) }),
    [],
  );
}

const GRAPHQL = z.object({ query: z.string() });

interface PublicProfile {
  total: number;
  days: object[];
  sources: { label: string; days: object[] }[];
}
const PUBLIC_FIELDS = ['asOf', 'count', 'date', 'days', 'from', 'id', 'label', 'level', 'sources', 'to', 'total'];
