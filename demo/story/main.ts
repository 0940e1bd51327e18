import { parseArgs } from 'node:util';
import { StackProblem } from '../../src/stack/problem.ts';
import { createChecks, type Checks } from './checks.ts';

const SOURCES: Record<string, (checks: Checks) => Promise<void>> = {
  ghes: async (checks) => (await import('./ghes-story.ts')).tellStory(checks),
  gitea: async (checks) => (await import('./gitea-story.ts')).tellStory(checks),
};

/**
 * `npm run demo`: the whole story on real servers of its own, step by step. Exit code 0 only when every check held.
 * `--source` says which kind of instance it is about.
 */
async function main(): Promise<number> {
  const source = chosenSource();
  const tell = SOURCES[source];
  if (!tell)
    throw new StackProblem(
      `There is no story about "${source}": --source is one of ${Object.keys(SOURCES).join(', ')}.`,
    );
  const checks = createChecks((line) => console.log(line));
  await tell(checks);
  return checks.sum() ? 0 : 1;
}

function chosenSource(): string {
  try {
    return parseArgs({ options: { source: { type: 'string', default: 'ghes' } } }).values.source;
  } catch (error) {
    throw new StackProblem(`${error instanceof Error ? error.message : String(error)} The only option is --source.`);
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof StackProblem ? error.message : error);
    process.exit(1);
  },
);
