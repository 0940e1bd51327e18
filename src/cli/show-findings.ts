import type { Findings } from './answers.ts';
import { printable } from './text.ts';

/** What the doctor found, what is wrong with it, and what a repair does or has done. */
export function showFindings({ items, examined }: Findings, repaired: boolean): string {
  const looked = `${examined} looked at, ${items.length} found wrong`;
  if (items.length === 0) return `${looked}: all is as it should be.\n`;
  const blocks = items.map((one) => {
    const done = one.repaired === true ? 'Repaired' : one.repairable ? 'A repair' : 'What to do';
    return [
      printable(`${one.poison}: ${one.subject.kind} ${one.subject.id}`),
      `  ${printable(one.words)}`,
      `  ${done}: ${printable(one.remedy)}`,
    ].join('\n');
  });
  const waits = items.some((one) => one.repairable) && !repaired;
  return `${blocks.join('\n\n')}\n\n${looked}.\n${waits ? 'To repair what can be repaired: "doctor check --repair".\n' : ''}`;
}
