import { z } from 'zod';

const tokenSchema = z.strictObject({
  value: z.string().min(1),
  /** As in `X-OAuth-Scopes`. */
  scopes: z.array(z.string()),
  revoked: z.boolean().default(false),
  /** Where an application got it by sign-in. */
  issued: z.strictObject({ clientId: z.string(), at: z.iso.datetime() }).optional(),
});
/** A token as the peer knows it. */
export type PeerToken = z.infer<typeof tokenSchema>;

/** How somebody works: the chance of a day with contributions, and the most on such a day. */
const habitSchema = z.strictObject({ weekday: z.number(), weekend: z.number(), most: z.number() });
export type Habit = z.infer<typeof habitSchema>;

export const NO_HABIT: Habit = { weekday: 0, weekend: 0, most: 0 };

export const personSchema = z.strictObject({
  /** Never changes; how tests and the control path name somebody. */
  key: z.string().min(1),
  id: z.number().int().positive(),
  login: z.string().min(1),
  name: z.string(),
  /** ISO 8601, whole seconds, UTC. */
  createdAt: z.iso.datetime(),
  siteAdmin: z.boolean(),
  suspendedAt: z.iso.datetime().nullable(),
  /** Deleted at the peer: tokens are unknown and no look-up finds them. */
  gone: z.boolean(),
  /** Hours ahead of UTC; day labels are this zone's days. */
  utcOffset: z.number().min(-12).max(14),
  habit: habitSchema,
  tokens: z.array(tokenSchema),
});
export type Person = z.infer<typeof personSchema>;

/** `restricted` of `count` were made in private repositories: a token without `read:user` does not see those. */
export const dayCountSchema = z.strictObject({
  count: z.number().int().min(0),
  restricted: z.number().int().min(0),
});
export type DayCount = z.infer<typeof dayCountSchema>;
