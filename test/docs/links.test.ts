import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const NOT_OURS = new Set(['node_modules', '.git', '.data', 'dist', 'coverage', 'secrets']);

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const files = markdownIn('.');
const textOf = (file: string) => readFileSync(file, 'utf8');
const FENCED = /^```(\w*)\n([\s\S]*?)^```/gm;

/** The links of a text, those of HTML included; what stands in code is none. */
function linksOf(text: string): string[] {
  const prose = text.replace(FENCED, '').replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:href|src|srcset)="([^"]+)"/g)];
  return links.map(([, markdown, html]) => markdown ?? html!);
}

/** The anchors of a file's headings, as GitHub makes them. */
function anchorsOf(file: string): string[] {
  const headings = textOf(file)
    .replace(FENCED, '')
    .matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(file: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return false;
  const [path, anchor] = link.split('#');
  const target = path ? join(dirname(file), decodeURIComponent(path)) : file;
  if (!existsSync(target)) return true;
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
}

test('every link within the documents leads somewhere', () => {
  expect(files).toContain(join('docs', 'architecture.md'));
  const broken = files.flatMap((file) =>
    linksOf(textOf(file))
      .filter((link) => isBroken(file, link))
      .map((link) => `${file}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('every document in docs is in its index', () => {
  const listed = linksOf(textOf('docs/README.md')).map((link) => join('docs', link));
  const missing = files.filter((file) => /^docs[\\/]/.test(file) && file !== join('docs', 'README.md'));
  expect(missing.filter((file) => !listed.includes(file))).toEqual([]);
});

const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

/** What the shell blocks of a file tell the reader to run. */
function commandsOf(file: string): string[] {
  const blocks = [...textOf(file).matchAll(FENCED)].filter(([, language]) => /^(sh|bash|console)$/.test(language!));
  return blocks.flatMap(([, , block]) => block!.split('\n'));
}

test('every npm script that a document tells to run is there', () => {
  const named = files.flatMap((file) =>
    commandsOf(file).flatMap((line) => [...line.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.map(([, run, short]) => run ?? short!).filter((name) => !(name in scripts))).toEqual([]);
});

test('every program that a document tells to run is there', () => {
  const programs = files.flatMap((file) =>
    commandsOf(file).flatMap((line) => [...line.matchAll(/(?:tsx|node) ((?:\w+\/)*\w[\w.-]*\.ts)\b/g)]),
  );
  expect(programs.map(([, path]) => path!).filter((path) => !existsSync(path))).toEqual([]);
});
