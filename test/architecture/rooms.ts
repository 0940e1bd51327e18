import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';
import { parse } from './syntax.ts';

interface Room {
  /** Rooms, or single files, that it may import. */
  may: readonly string[];
  /** Of these, types only. */
  types?: readonly string[];
  packages: readonly string[];
}

const TEMPORAL = '@temporalio/';
const NODE = 'node:';

/**
 * Who may import what. A name that ends in a slash stands for all that begins with it; a file's room is the longest name
 * that its path begins with.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
  'src/domain/': { may: [], packages: [] },
  'src/ports/': { may: [], types: ['src/domain/'], packages: [] },
  'src/config.ts': { may: [], packages: ['zod', 'node:fs'] },
  'src/workflows/': { may: ['src/domain/'], types: ['src/activities/'], packages: ['@temporalio/workflow'] },
  // What they reach is passed in: of db they see types alone, of sources and of identity their ports.
  'src/activities/': {
    may: ['src/domain/'],
    types: ['src/ports/', 'src/db/'],
    packages: ['@temporalio/activity', '@temporalio/common', NODE],
  },

  'src/db/': { may: ['src/domain/'], types: ['src/ports/'], packages: ['pg', 'node-pg-migrate', 'zod', NODE] },
  'src/net/': { may: ['src/domain/'], packages: ['undici', 'ipaddr.js', NODE] },
  'src/keys/': { may: ['src/domain/'], types: ['src/ports/'], packages: [NODE] },
  'src/sources/': { may: ['src/domain/', 'src/net/'], types: ['src/ports/'], packages: [NODE] },
  'src/identity/': { may: ['src/domain/', 'src/net/'], types: ['src/ports/'], packages: ['openid-client', NODE] },

  'src/api/': {
    may: [
      'src/domain/',
      'src/db/',
      'src/temporal/',
      'src/workflows/messages',
      'src/api/routes/',
      'src/api/pages/',
      'src/api/views/',
    ],
    types: ['src/ports/', 'src/config.ts', 'src/identity/'],
    packages: [
      TEMPORAL,
      'express',
      'helmet',
      'ipaddr.js',
      'rate-limiter-flexible',
      'cookie',
      'zod',
      'zod-openapi',
      'pino',
      'prettier',
      NODE,
    ],
  },
  'src/api/routes/': {
    may: [
      'src/domain/',
      'src/db/',
      'src/temporal/',
      'src/workflows/messages',
      'src/api/',
      'src/api/views/',
      'src/repair/',
      'src/net/address.ts',
    ],
    packages: ['zod', NODE],
  },
  'src/api/pages/': {
    may: ['src/domain/', 'src/db/', 'src/api/', 'src/api/routes/', 'src/api/views/'],
    packages: ['express', NODE],
  },
  'src/api/views/': { may: ['src/domain/'], packages: [] },
  // The API over HTTP; the database for tokens and repairs, the keys for what is about them.
  'src/cli/': {
    may: ['src/domain/', 'src/db/', 'src/keys/', 'src/config.ts', 'src/repair/', 'src/temporal/connect.ts'],
    packages: ['commander', 'zod', 'pg', 'prettier', '@temporalio/client', NODE],
  },
  // What looks at rows and workflows at once, and puts them together again.
  'src/repair/': {
    may: ['src/domain/', 'src/db/', 'src/temporal/', 'src/workflows/messages'],
    types: ['src/config.ts'],
    packages: [TEMPORAL, NODE],
  },

  'src/temporal/': {
    may: ['src/domain/', 'src/activities/', 'src/db/', 'src/workflows/messages'],
    types: ['src/ports/', 'src/config.ts'],
    packages: [TEMPORAL, NODE],
  },
  'src/sweepers/': {
    may: ['src/domain/', 'src/db/', 'src/temporal/', 'src/workflows/messages'],
    types: ['src/ports/', 'src/config.ts'],
    packages: [TEMPORAL, 'pino', NODE],
  },

  // The only places that wire.
  'worker.ts': { may: ['src/'], packages: [TEMPORAL, 'pino', NODE] },
  'src/api/server.ts': { may: ['src/'], packages: ['pino', NODE] },
  // PostgreSQL's programs come in a package that is named after the platform.
  'src/stack/': { may: ['src/', 'demo/'], packages: [TEMPORAL, 'pg', 'zod', '(name)', NODE] },
};

/** Of the workflows, what others may use: what is said to them, and what they are called. */
const MESSAGES = /^src\/workflows\/([\w-]+\.messages|ids|search-attributes)\.ts$/;

interface Import {
  /** As it is written. */
  from: string;
  typeOnly: boolean;
}

/** Every import and re-export of a file, `import()` too. */
function importsOf(file: SourceFile): Import[] {
  const { module } = parse(file);
  const isType = (entries: readonly { isType: boolean }[]) => entries.length > 0 && entries.every((one) => one.isType);
  return [
    ...module.staticImports.map((one) => ({ from: one.moduleRequest.value, typeOnly: isType(one.entries) })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap((one) => (one.moduleRequest ? [{ from: one.moduleRequest.value, typeOnly: one.isType }] : [])),
    ),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => ({
      from: literal(file.text.slice(start, end)),
      typeOnly: false,
    })),
  ];
}

/** What is imported by a name that is worked out stands in brackets: only its room can know what that is. */
function literal(expression: string): string {
  return /^(['"`])([^$]*)\1$/.exec(expression)?.[2] ?? `(${expression})`;
}

export function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((name) => (name.endsWith('/') ? path.startsWith(name) : path === name))
    .toSorted((a, b) => b.length - a.length)[0];
}

function isWithin(path: string, names: readonly string[]): boolean {
  return names.some((name) => {
    if (name === 'src/workflows/messages') return MESSAGES.test(path);
    // A room that has rooms of its own does not give them along.
    if (name.endsWith('/')) return path.startsWith(name) && (roomOf(path) === name || !(name in ROOMS));
    return path === name;
  });
}

/** What a file imports and may not: the file, the import, and the rule of its room. */
export function violationsOf(file: SourceFile): string[] {
  const name = roomOf(file.path);
  if (name === undefined) return [`${file.path} is in no room: name it in ROOMS`];
  const { may, types = [], packages } = ROOMS[name]!;
  return importsOf(file).flatMap(({ from, typeOnly }) => {
    const said = `${file.path} imports ${typeOnly ? 'types of ' : ''}"${from}"`;
    if (!from.startsWith('.')) {
      const allowed = packages.some((one) => from === one || (/[:/]$/.test(one) && from.startsWith(one)));
      return allowed ? [] : [`${said}; of packages ${name} may use: ${packages.join(', ') || 'none'}`];
    }
    const target = posix.normalize(posix.join(posix.dirname(file.path), from));
    if (roomOf(target) === name || isWithin(target, may)) return [];
    if (typeOnly && isWithin(target, types)) return [];
    return [
      `${said}; ${name} may import: ${may.join(', ') || 'nothing'}${types.length > 0 ? `; types of: ${types.join(', ')}` : ''}`,
    ];
  });
}
