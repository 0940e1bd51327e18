import { z } from 'zod';

/** What the doctor's route answers of one connection. */
export const examination = z.looseObject({
  connection: z.looseObject({
    id: z.string(),
    instance: z.looseObject({ id: z.string(), hostname: z.string(), label: z.string(), sharing: z.string() }),
    status: z.string(),
    causes: z.array(z.string()),
    restoreUntil: z.string().nullable(),
    sendingSince: z.string().nullable(),
    lastSyncAt: z.string().nullable(),
    failure: z
      .looseObject({
        code: z.string(),
        words: z.string(),
        remedy: z.string(),
        since: z.string(),
        lastAt: z.string(),
        times: z.number(),
      })
      .nullable(),
    observed: z.looseObject({ cause: z.string(), since: z.string(), deletesAfter: z.string() }).nullable(),
    createdAt: z.string(),
  }),
  projected: z.string(),
  fences: z.looseObject({
    generation: z.number(),
    sharingGeneration: z.number().nullable(),
    joinedGeneration: z.number(),
    readNumber: z.number(),
    openRead: z.number().nullable(),
  }),
  linked: z.boolean(),
  token: z
    .looseObject({
      keyId: z.string(),
      version: z.number(),
      expiresAt: z.string().nullable(),
      refreshes: z.boolean(),
    })
    .nullable(),
  intents: z.array(
    z.looseObject({
      kind: z.string(),
      askedAt: z.string(),
      deliveredAt: z.string().nullable(),
      doneAt: z.string().nullable(),
    }),
  ),
  workflow: z
    .looseObject({ id: z.string(), status: z.string(), startedAt: z.string(), historyLength: z.number() })
    .nullable(),
  temporalReached: z.boolean(),
  audit: z.array(z.looseObject({ action: z.string(), actor: z.string(), at: z.string() })),
});
export type Examination = z.output<typeof examination>;
