import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const text = readFileSync('docs/security.md', 'utf8');

interface Link {
  shown: string;
  file: string;
}

const linksIn = (part: string): Link[] =>
  [...part.matchAll(/\[([^\]]+)\]\(\.\.\/([^)#]+)\)/g)].map(([, shown, file]) => ({ shown: shown!, file: file! }));
const isTest = ({ file }: Link) => file.endsWith('.test.ts');

/** Whether a test, or a group of them, has this very name: `test('…'`, or `test.each(…)('…'`. */
function isNamed({ shown, file }: Link): boolean {
  const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return ["'", '"', '`'].some((quote) => new RegExp(`[(]\\s*${escaped(quote + shown + quote)}\\s*,`).test(source));
}

const escaped = (literal: string) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The cells of each requirement: number, what it asks, how it stands here, by what. */
const requirements = text
  .slice(text.indexOf('\n## OWASP ASVS'))
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('what the document on security names is there', () => {
  test('each test, by its very name', () => {
    const tests = linksIn(text).filter(isTest);
    expect(tests.length).toBeGreaterThan(100);
    expect(tests.filter((link) => !isNamed(link))).toEqual([]);
  });

  test('each file', () => {
    expect(
      linksIn(text)
        .map(({ file }) => file)
        .filter((file) => !existsSync(file)),
    ).toEqual([]);
  });
});

describe('a requirement of the standard', () => {
  test('is met by a test that is named, or by a file; or it says what is missing, or that it does not apply', () => {
    expect(requirements.length).toBeGreaterThan(150);
    const unfounded = requirements.filter(([, , state, by = '']) => {
      if (state === 'test') return !linksIn(by).some(isTest);
      if (state === 'by design') return !/\]\(/.test(by) && !/^(the same|see \d)/.test(by);
      return !['**not met**', 'does not apply'].includes(state!) || by === '';
    });
    expect(unfounded).toEqual([]);
  });

  test('stands once, in the order of the standard', () => {
    const firsts = requirements.map(([numbers]) => numbers!.split(/[–,]/)[0]!.split('.').map(Number));
    const places = firsts.map(([chapter, section, item]) => chapter! * 10_000 + section! * 100 + item!);
    expect(places).toEqual([...new Set(places)].toSorted((one, other) => one - other));
  });
});
