import { z } from 'zod';

/** Ways in which counts can be wrong while the answer is well-formed. */
const lieSchema = z.enum([
  'negative',
  'fraction',
  'text-count',
  'duplicate-day',
  'day-outside',
  'missing-day',
  'impossible-date',
  'no-days',
  'wrong-user',
]);
export type Lie = z.infer<typeof lieSchema>;

/** What can go wrong at a peer; README.md says what each looks like to a client. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow'), ms: z.number().int().min(0) }),
  z.strictObject({ kind: z.literal('hang') }),
  z.strictObject({ kind: z.literal('reset') }),
  z.strictObject({ kind: z.literal('too-many-requests'), retryAfter: z.union([z.number(), z.string()]).default(60) }),
  z.strictObject({ kind: z.literal('rate-limited'), resetInSeconds: z.number().default(60) }),
  z.strictObject({
    kind: z.literal('graphql-rate-limited'),
    type: z.enum(['RATE_LIMITED', 'RATE_LIMIT']).default('RATE_LIMITED'),
    resetInSeconds: z.number().default(60),
  }),
  z.strictObject({ kind: z.literal('secondary-rate-limit'), retryAfter: z.number().optional() }),
  z.strictObject({ kind: z.literal('bad-gateway') }),
  z.strictObject({ kind: z.literal('maintenance') }),
  z.strictObject({ kind: z.literal('not-json') }),
  z.strictObject({ kind: z.literal('cut-json') }),
  z.strictObject({
    kind: z.literal('huge-body'),
    bytes: z
      .number()
      .int()
      .default(64 * 1024 * 1024),
  }),
  z.strictObject({ kind: z.literal('unauthorized') }),
  z.strictObject({ kind: z.literal('missing-scope') }),
  z.strictObject({ kind: z.literal('sso-required'), form: z.enum(['http', 'graphql']).default('http') }),
  z.strictObject({ kind: z.literal('suspended') }),
  z.strictObject({ kind: z.literal('gone') }),
  z.strictObject({ kind: z.literal('renamed'), login: z.string().default('renamed-in-the-meantime') }),
  z.strictObject({ kind: z.literal('reused-id'), createdAt: z.string().default('2024-02-29T12:00:00Z') }),
  z.strictObject({ kind: z.literal('lying-counts'), lie: lieSchema }),
]);
export type Fault = z.infer<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;

/** Whom and what a fault or a hold is for: everyone and every path unless said, until removed unless `times` is. */
export const aimSchema = z.object({
  who: z.string().optional(),
  /** A request's path must contain this, for example `graphql`. */
  path: z.string().optional(),
  times: z.number().int().min(1).optional(),
});
export type Aim = z.infer<typeof aimSchema>;
