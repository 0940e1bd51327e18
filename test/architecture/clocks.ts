import type { SourceFile } from './source-files.ts';
import { nodesOf, parse, type Node } from './syntax.ts';

/** Where the clock of the machine is read, and why that is no business time. A name that ends in a slash is a folder. */
export const MACHINE_CLOCK: Readonly<Record<string, string>> = {
  'worker.ts': 'wires the clock that is passed in everywhere else',
  'src/api/server.ts': 'wires the clock that is passed in everywhere else',
  'src/workflows/': 'Date is the time of the workflow there, which is replayed',
  'src/api/ask-workflow.ts': 'the deadline of a call',
  'src/api/deliver.ts': 'the deadline of a call',
  'src/api/routes/system.ts': 'the deadline of a call',
  'src/repair/waiting-acts.ts': 'the deadline of a call',
  'src/sources/': 'what a source asks to wait, and how long a token lives, count from the moment of its answer',
  'src/activities/sync-pages.ts':
    'when a page of a stretch ended, and whether another fits in, only the attempt itself can know',
  'src/cli/commands/tokens.ts': 'an operator’s command is an act of this very moment',
  'src/cli/commands/deletions.ts': 'an operator’s command is an act of this very moment',
  'src/stack/': 'how long a server takes to start or to stop, and the lines of its log',
};

/** Where SQL may read the database’s clock: technical stamps, which no rule of the product looks at. */
const STAMPS = [
  /\b(?:created_at|recorded_at) timestamptz not null default now\(\)/g,
  // When a row came, when a sweep looked at it, and when an act was last handed over: what a sweeper looks at.
  /\b(?:recorded_at|looked_at|delivered_at) < now\(\)/g,
  /\b(?:looked_at|delivered_at) = now\(\)/g,
  // How old a record is that waits for its seal.
  /\bclock_timestamp\(\) - recorded_at/g,
  // Where numbers begin after a restore, so that they lie above all that were given.
  /\bextract\(epoch from clock_timestamp\(\)\) \* 1000000/g,
  // How long one reader may take to refresh a token.
  /\brefresh_until (?:<|=) now\(\)/g,
];
const SQL_CLOCK =
  /\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(|\b(?:current_timestamp|current_date|current_time|localtimestamp|localtime)\b|'(?:now|today|tomorrow|yesterday)'/gi;

const isAllowed = (path: string) =>
  Object.keys(MACHINE_CLOCK).some((name) => (name.endsWith('/') ? path.startsWith(name) : path === name));

/** The lines of a file that read the clock of the machine: `new Date()`, `Date()`, `Date.now`. */
export function machineClockReads(file: SourceFile): string[] {
  const reads = [...nodesOf(parse(file).program)].filter(readsClock);
  return reads.map(({ start }) => `${file.path}:${file.text.slice(0, start).split('\n').length}`);
}

const isDate = (node: unknown) => (node as Node).type === 'Identifier' && (node as Node)['name'] === 'Date';

function readsClock(node: Node): boolean {
  switch (node.type) {
    case 'NewExpression':
      return isDate(node['callee']) && (node['arguments'] as Node[]).length === 0;
    case 'CallExpression':
      return isDate(node['callee']);
    case 'MemberExpression':
      return isDate(node['object']) && (node['property'] as Node)['name'] === 'now';
    default:
      return false;
  }
}

export function machineClockViolations(file: SourceFile): string[] {
  if (isAllowed(file.path)) return [];
  return machineClockReads(file).map(
    (at) => `${at} reads the machine's clock: business time is an argument, or a clock that is passed in`,
  );
}

/** Texts of a program, or a whole file of SQL, without comments. */
function sqlOf(file: SourceFile): string[] {
  if (file.path.endsWith('.sql')) return [file.text.replaceAll(/--.*$/gm, '')];
  return [...nodesOf(parse(file).program)].flatMap((node) => {
    if (node.type === 'TemplateElement') return [(node['value'] as { raw: string }).raw];
    return node.type === 'Literal' && typeof node['value'] === 'string' ? [node['value']] : [];
  });
}

export function sqlClockViolations(file: SourceFile): string[] {
  return sqlOf(file).flatMap((sql) => {
    const rest = STAMPS.reduce((left, stamp) => left.replaceAll(stamp, ''), sql);
    return [...rest.matchAll(SQL_CLOCK)].map(
      ([clock]) =>
        `${file.path} reads the database's clock (${clock}): business time is an argument; only technical stamps are made by SQL`,
    );
  });
}
