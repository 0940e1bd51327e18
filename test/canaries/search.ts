import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARTIFACTS, type Artifact } from '../../demo/artifacts.ts';
import { CANARY_WORDS } from '../../demo/peers/canaries.ts';
import { DEMO_GITHUB_APPLICATION, DEMO_OAUTH_APPLICATION, DEMO_PEOPLE } from '../../demo/peers/demo-people.ts';

const anyOf = (words: readonly string[]) => new RegExp(words.join('|'), 'g');

/** What may stand nowhere, whatever wrote it. */
const SECRETS: Readonly<Record<string, RegExp>> = {
  'word of a repository, title or message': anyOf(CANARY_WORDS),
  'token of a forge': /\bgh[a-z]_(?:demo_)?[A-Za-z0-9_]{6,}/g,
  'API token': /\buc_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g,
  'key, or cookie of a session': /\b[\w-]{1,20}[:=][A-Za-z0-9+/_-]{43}=?(?![A-Za-z0-9+/_=-])/g,
  'secret of an OAuth App': anyOf([DEMO_OAUTH_APPLICATION.clientSecret, DEMO_GITHUB_APPLICATION.clientSecret]),
  'password of a database': /\bpostgres(?:ql)?:\/\/[^\s:@/]+:[^\s@]+@/g,
};
/** Test names speak of people; what the product writes does not. */
const PEOPLE: Readonly<Record<string, RegExp>> = {
  'login or name of a person': anyOf(
    DEMO_PEOPLE.flatMap(({ name, instanceLogin, githubLogin }) => [
      name,
      `\\b${instanceLogin}\\b`,
      `\\b${githubLogin}\\b`,
    ]),
  ),
};
const LOOKED_FOR: Readonly<Record<Artifact, Readonly<Record<string, RegExp>>>> = {
  logs: { ...SECRETS, ...PEOPLE },
  tables: { ...SECRETS, ...PEOPLE },
  histories: { ...SECRETS, ...PEOPLE },
  output: SECRETS,
};

export interface Looked {
  artifact: Artifact;
  what: string;
  files: number;
  /** Files with one, and what it begins with: a find is not spread further. */
  found: string[];
}

/** Looks through all that was left in a folder. */
export function searchArtifacts(folder: string): Looked[] {
  return ARTIFACTS.flatMap((artifact) => searchKind(folder, artifact));
}

function searchKind(folder: string, artifact: Artifact): Looked[] {
  const looked = Object.entries(LOOKED_FOR[artifact]).map(([what, pattern]) => ({
    artifact,
    what,
    pattern,
    files: 0,
    found: [] as string[],
  }));
  for (const name of filesIn(join(folder, artifact))) {
    const text = readable(readFileSync(join(folder, artifact, name), 'utf8'));
    for (const one of looked) {
      one.files += 1;
      const finds = new Set(text.match(one.pattern)?.map((find) => `${find.slice(0, 12)}… in ${artifact}/${name}`));
      one.found.push(...finds);
    }
  }
  return looked.map(({ artifact: where, what, files, found }) => ({ artifact: where, what, files, found }));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Bytes that a table shows in hexadecimal are looked at as text too, and so is base64 of a history. */
function readable(text: string): string {
  const bytes = [...text.matchAll(/\\x([0-9a-f]{12,})/g)].map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1'));
  const payloads = [...text.matchAll(/"data":\s*"([A-Za-z0-9+/]{12,}={0,2})"/g)].map(([, data]) =>
    Buffer.from(data!, 'base64').toString('utf8'),
  );
  return [text, ...bytes, ...payloads].join('\n');
}
