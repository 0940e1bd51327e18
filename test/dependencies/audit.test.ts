import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { audit, isSevere, readAudit } from './audit.ts';
import { says, startOddServer, type OddServer } from '../support/odd-server.ts';

// npm itself is asked, with a registry of the test's own.
let registry: OddServer;
const cache = mkdtempSync(join(tmpdir(), 'uc-npm-'));
beforeAll(async () => {
  registry = await startOddServer();
});
afterAll(async () => {
  await registry.close();
  rmSync(cache, { recursive: true, force: true });
});
const asking = (url: string, more: Record<string, string> = {}) =>
  audit('production', {
    ...process.env,
    npm_config_registry: url,
    npm_config_fetch_retries: '0',
    npm_config_cache: cache,
    ...more,
  });

const advisory = {
  id: 1000001,
  url: 'https://github.com/advisories/GHSA-xxxx-yyyy-zzzz',
  title: 'Reads too much',
  severity: 'high',
  vulnerable_versions: '<99.0.0',
  cwe: ['CWE-400'],
  cvss: { score: 7.5, vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' },
};
const json = { 'content-type': 'application/json' };
const versions = { '7.0.0': { name: 'undici', version: '7.0.0', dist: { tarball: 'https://registry.example/x.tgz' } } };

describe('dependencies are', () => {
  test('told with what is known of them where the registry answers', async () => {
    registry.answers((response, asked) => {
      const isAudit = asked.path.endsWith('/advisories/bulk');
      const known = isAudit ? { undici: [advisory] } : { name: 'undici', 'dist-tags': { latest: '7.0.0' }, versions };
      says(200, JSON.stringify(known), json)(response, asked);
    });
    const outcome = await asking(registry.url);
    expect(outcome).toEqual({
      isChecked: true,
      problems: [{ name: 'undici', severity: 'high', known: [`${advisory.title} (${advisory.url})`] }],
    });
  });

  test('without a known problem where the registry knows of none', async () => {
    registry.answers(says(200, '{}', json));
    expect(await asking(registry.url)).toEqual({ isChecked: true, problems: [] });
  });

  test.each([404, 405, 503])('not checked where the registry answers %i', async (status) => {
    registry.answers(says(status, '', json));
    expect(await asking(registry.url)).toEqual({ isChecked: false, why: `the registry answered ${status}` });
  });

  test('not checked where the registry is not there', async () => {
    const gone = await startOddServer();
    await gone.close();
    expect(await asking(gone.url)).toEqual({ isChecked: false, why: 'the registry cannot be reached' });
  });

  test('not taken for checked where npm is told to ask nobody', async () => {
    registry.answers(says(404, '', json));
    expect(await asking(registry.url, { npm_config_offline: 'true' })).toEqual({
      isChecked: false,
      why: 'the registry answered 404',
    });
  });
});

test('what npm does not say in a form that is known is not taken for good news', () => {
  for (const printed of ['', 'npm error', '{}', '{"auditReportVersion":3,"vulnerabilities":{}}']) {
    expect(readAudit(printed)).toMatchObject({ isChecked: false });
  }
});

test('a package that uses one with a problem has its severity', () => {
  const of = (severity: string) => ({ name: 'a', severity, via: ['b'] });
  const outcome = readAudit(JSON.stringify({ auditReportVersion: 2, vulnerabilities: { a: of('critical') } }));
  expect(outcome).toEqual({ isChecked: true, problems: [{ name: 'a', severity: 'critical', known: [] }] });
  expect(
    ['low', 'moderate', 'high', 'critical'].map((severity) => isSevere({ name: 'a', severity, known: [] })),
  ).toEqual([false, false, true, true]);
});
