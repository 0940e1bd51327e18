import { z } from 'zod';
import type { Report } from './failure.ts';
import { printable } from './text.ts';

const wrongFields = z.array(z.object({ field: z.string(), problem: z.string() })).nonempty();

/** A report as a person reads it: what is wrong, which fields, what to do, and the code. */
export function reportText(report: Report): string {
  const { title, detail, advice, code, about, retryAt, facts } = report;
  const wrong = wrongFields.safeParse(facts?.['fields']);
  const lines = [
    ...(detail?.startsWith(title) ? [] : [title]),
    ...(wrong.success
      ? wrong.data.map(({ field, problem }) => `  ${field || '(all of it)'}: ${problem}`)
      : detail === undefined
        ? []
        : [detail]),
    ...(retryAt === undefined ? [] : [`It can be tried again after ${retryAt}.`]),
    ...(advice === undefined ? [] : [`What to do: ${advice}`]),
    ...(code === undefined ? [] : [`Code: ${code}${about === undefined ? '' : ` (${about})`}`]),
  ];
  return `${lines.map((line) => printable(line, true)).join('\n')}\n`;
}
