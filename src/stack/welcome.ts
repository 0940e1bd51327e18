import type { Stack } from './stack.ts';

/** What the demo adds to the block: who is in it, and what to try. */
export type DemoLines = { people: readonly string[]; next: readonly string[] };

/** The block that `npm start` prints when all is up. */
export function welcome(stack: Stack, demo: DemoLines, readyAfterMs: number): string {
  const addresses: [string, string | undefined][] = [
    ['Sign in', `${stack.apiUrl}/sign-in`],
    ['API', stack.apiUrl],
    ['API docs', `${stack.apiUrl}/docs`],
    ['Demo instance', stack.peers?.instance],
    ['Demo GitHub.com', stack.peers?.github],
    ['Demo staff', stack.peers?.staff],
    ['Temporal', stack.temporalAddress],
    ['Temporal UI', stack.temporalUi],
    ['PostgreSQL', stack.databaseUrl.replace(/:[^:@/]*@/, '@')],
    ['Logs', stack.logs],
  ];
  return [
    '',
    `Unified Contributions is ready (${(readyAfterMs / 1000).toFixed(1)} s).`,
    '',
    ...addresses.filter((row) => row[1] !== undefined).map(([name, value]) => `  ${name.padEnd(16)} ${value}`),
    ...section('Demo people', demo.people),
    ...section('Try', demo.next),
    '',
    'Ctrl-C stops it; what it stored stays for the next start.',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `  ${title}`, ...lines.map((line) => `    ${line}`)];
}
