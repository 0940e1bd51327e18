import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

/** What commands take, checked before anything is sent. */
function parser<Shape extends z.ZodType>(schema: Shape, problem: string): (text: string) => z.output<Shape> {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (!parsed.success) throw new InvalidArgumentError(problem);
    return parsed.data;
  };
}

export const uuid = parser(z.uuid(), 'It is not an id (a UUID).');

/** A day stands for its beginning in UTC. */
export const time = parser(
  z.union([z.iso.date(), z.iso.datetime({ offset: true })]).transform((text) => new Date(text).toISOString()),
  'It is no time that exists: 2026-11-24, 2026-11-24T08:30:00Z or 2026-11-24T08:30:00+02:00.',
);

/** When something was, exactly. */
export const instant = parser(
  z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString()),
  'It is no time that exists, such as 2019-03-14T08:30:00Z.',
);

export const userId = parser(z.coerce.number().int().positive(), 'It is not the numeric id of a user.');

export const attempts = parser(z.coerce.number().int().min(2).max(1000), 'It is not a number from 2 to 1000.');

export const seq = parser(z.coerce.number().int().min(0), 'It is not the number of a record.');

export const LIMIT = { fallback: 50, most: 200 };
export const limit = parser(
  z.coerce.number().int().min(1).max(LIMIT.most),
  `It is not a number from 1 to ${LIMIT.most}.`,
);
