import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ARTIFACTS, type Artifact } from '../../demo/artifacts.ts';
import { CANARIES } from '../../demo/peers/canaries.ts';
import { DEMO_OAUTH_APPLICATION, DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { searchArtifacts } from './search.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'uc-canaries-'));
  for (const kind of ARTIFACTS) {
    mkdirSync(join(folder, kind));
    writeFileSync(join(folder, kind, 'innocent'), INNOCENT);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const INNOCENT = [
  '{"level":30,"route":"/api/v1/connections/:id","requestId":"65c45318-3000-43f1-93d3-5e9539bb7dee"}',
  `{"hash": "\\\\x${'ab'.repeat(32)}", "key_id": "k1", "actor": "token:65c45318-3000-43f1-93d3-5e9539bb7dee"}`,
  `{"auditHead":{"seq":7,"hash":"${'0'.repeat(64)}","keyId":"a1"}}`,
].join('\n');

function plant(kind: Artifact, text: string): void {
  writeFileSync(join(folder, kind, 'planted'), `something\n${text}\nsomething`);
}
const founds = () => searchArtifacts(folder).filter(({ found }) => found.length > 0);
const secret = () => randomBytes(32);

const PLANTED: readonly (readonly [string, string])[] = [
  ['word of a repository, title or message', `fix: ${CANARIES.commitMessage}`],
  ['token of a forge', DEMO_TOKENS.instance('devi')],
  ['token of a forge', `Authorization: Bearer gho_${'a1B2'.repeat(9)}`],
  ['API token', `uc_${secret().toString('base64url')}`],
  ['key, or cookie of a session', `TOKEN_KEYS=k1:${secret().toString('base64')}`],
  ['key, or cookie of a session', `__Host-uc_session=${secret().toString('base64url')}; Path=/`],
  ['secret of an OAuth App', DEMO_OAUTH_APPLICATION.clientSecret],
  ['password of a database', 'postgres://application:s3cret@127.0.0.1:5432/uc'],
];

describe('the search for secrets', () => {
  test('finds nothing in what the product writes, and has looked at every kind of it', () => {
    expect(founds()).toEqual([]);
    expect(searchArtifacts(folder).map(({ files }) => files)).not.toContain(0);
  });

  test.each(PLANTED.flatMap(([what, text]) => ARTIFACTS.map((kind) => [what, kind, text] as const)))(
    'finds a planted %s in %s',
    (what, kind, text) => {
      plant(kind, text);
      expect(founds()).toMatchObject([{ artifact: kind, what }]);
      expect(JSON.stringify(founds())).not.toContain(text);
    },
  );

  test.each(['Devi Raman', 'draman', 'deviraman'])(
    'finds %s in what the product writes, not in what tests say',
    (text) => {
      for (const kind of ARTIFACTS) plant(kind, text);
      expect(founds().map(({ artifact }) => artifact)).toEqual(['logs', 'tables', 'histories']);
    },
  );

  test('finds a token that a table shows as bytes, or a history as base64', () => {
    const token = DEMO_TOKENS.instance('devi');
    plant('tables', `{"ciphertext": "\\\\x${Buffer.from(token).toString('hex')}"}`);
    plant('histories', `{"data": "${Buffer.from(JSON.stringify({ token })).toString('base64')}"}`);
    expect(founds()).toMatchObject([{ artifact: 'tables' }, { artifact: 'histories' }]);
  });

  test('says so where there was nothing to look at', () => {
    rmSync(join(folder, 'histories'), { recursive: true });
    expect(searchArtifacts(folder).filter(({ files }) => files === 0)).not.toEqual([]);
  });
});
