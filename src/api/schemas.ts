import { z } from 'zod';
import { CONNECTION_STATUSES, STORED_CAUSES } from '../domain/connection.ts';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import { SHARING_STATUSES } from '../domain/sharing.ts';
import { SOURCE_KINDS } from '../domain/source-label.ts';
import { isDay } from '../domain/dates.ts';

/** Shapes that several resources share. Times are ISO 8601 in UTC, days are labels of the source. */
export const id = z.uuid().meta({ description: 'A random UUID.' });
export const isId = (text: string): boolean => id.safeParse(text).success;
export const byId = z.object({ id });
export const time = z.iso
  .datetime()
  .refine((text) => !text.startsWith('0000'), 'is not a time that can be kept')
  .meta({ description: 'ISO 8601 in UTC.' });
export const day = z
  .string()
  .refine(isDay, 'is not a day that exists, as YYYY-MM-DD')
  .meta({ description: 'A calendar day as the source labels it, YYYY-MM-DD.', format: 'date' });
export const count = z.int().min(0);
export const actor = z.string().meta({
  description:
    'A pseudonym: `token:<id>`, `user:<id>`, `staff:<id>`, `person:<connection id>`, `system` or `cli`; never a login.',
});
// A text of PostgreSQL holds any character but NUL, and no half of a surrogate pair.
export const note = z
  .string()
  .trim()
  .min(1, 'a note is needed')
  .max(4000)
  .refine((text) => !text.includes('\0'), 'holds a NUL character')
  .refine((text) => !/\p{Cs}/u.test(text), 'holds half of a character')
  // Before it is trimmed, it holds more than blanks.
  .meta({ pattern: '^[^\\u0000]*\\S[^\\u0000]*$' });
export const visible = z.string().regex(/^[\x21-\x7e]+$/, 'is not visible ASCII characters without a space');
export const secret = visible.max(4096).meta({ description: 'Kept encrypted and never shown again.' });
export const dayCount = z.object({ date: day, count });

export const sourceKind = z.enum(SOURCE_KINDS);
export const accountKind = z.enum(['organization', 'enterprise']);
export const terms = z.enum(['standard', 'custom']);
export const sharingStatus = z.enum(SHARING_STATUSES);
export const connectionStatus = z.enum(CONNECTION_STATUSES);
export const cause = z.enum([...STORED_CAUSES, 'switched_off']);
export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** Keyset pages: `next` goes into `after` of the following request; absent on the last page. */
export const limit = z.coerce.number().int().min(1).max(200).default(50);
export const next = z.string().optional().meta({ description: 'Pass it as `after` for the next page.' });

export const problem = z
  .object({
    type: z.string().meta({ description: 'A page about the code, relative to this address.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: errorCode,
    retryAt: time.optional(),
    facts: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
