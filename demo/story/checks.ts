import { isDeepStrictEqual, inspect } from 'node:util';

/** Prints the story as it is told and counts what held. */
export interface Checks {
  chapter(title: string): void;
  /** What is done next, in a plain sentence. */
  tell(sentence: string): void;
  /** @param detail shown only when it does not hold */
  that(sentence: string, holds: boolean, detail?: unknown): void;
  equal(sentence: string, actual: unknown, expected: unknown): void;
  /** Something that ended the story before its end. */
  brokeOff(reason: unknown): void;
  /** Somebody interrupted the story: what fails from now on fails for that reason, and nothing is said any more. */
  interrupted(): void;
  allHeld(): boolean;
  /** The last lines. @returns whether all held */
  sum(): boolean;
}

export function createChecks(printLine: (line: string) => void): Checks {
  let silent = false;
  const print = (line: string) => void (silent || printLine(line));
  let held = 0;
  let chapters = 0;
  const failed: string[] = [];

  const that: Checks['that'] = (sentence, holds, detail) => {
    if (silent) return;
    print(`   ${holds ? '✓' : '✗'} ${sentence}`);
    if (holds) {
      held += 1;
      return;
    }
    failed.push(sentence);
    if (detail !== undefined) print(indented(show(detail)));
  };
  return {
    chapter(title) {
      chapters += 1;
      print(`\n${String(chapters).padStart(2)} ${title}`);
    },
    tell: (sentence) => print(`   ${sentence}`),
    that,
    equal(sentence, actual, expected) {
      that(sentence, isDeepStrictEqual(actual, expected), { actual, expected });
    },
    brokeOff(reason) {
      if (silent) return;
      failed.push('the story was told to its end');
      print(`   ✗ The story broke off.\n${indented(show(reason))}`);
    },
    interrupted() {
      silent = true;
    },
    allHeld: () => failed.length === 0,
    sum() {
      if (failed.length === 0) print(`\n${held} checks held`);
      else print(`\n${held} checks held, ${failed.length} did not: ${failed.join('; ')}`);
      return failed.length === 0 && !silent;
    },
  };
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 6, maxArrayLength: 12, breakLength: 110 });
}

function indented(text: string): string {
  return text.replace(/^/gm, '       ');
}
