import { z } from 'zod';

/** What the API answers, as far as it is printed; what more it says is kept for --json. */
const page = <Item extends z.ZodType>(item: Item) =>
  z.looseObject({ items: z.array(item), next: z.string().optional() });

export const account = z.looseObject({
  id: z.string(),
  kind: z.string(),
  slug: z.string(),
  terms: z.string().nullable(),
  termsSetAt: z.string().nullable(),
  termsSetBy: z.string().nullable(),
  hasCredential: z.boolean(),
});
export const accounts = page(account);

export const instance = z.looseObject({
  id: z.string(),
  hostname: z.string(),
  kind: z.string(),
  baseUrl: z.string(),
  allowHttpLoopback: z.boolean(),
  allowPrivateNetwork: z.boolean(),
  account: z.looseObject({ id: z.string(), kind: z.string(), slug: z.string() }),
  connect: z.string(),
  sharing: z.string(),
  hasCredential: z.boolean(),
  hasOauth: z.boolean(),
});
export const instances = page(instance);

const side = z.looseObject({ enabled: z.boolean(), by: z.string().nullable(), at: z.string().nullable() });
export const sharing = z.looseObject({
  status: z.string(),
  instanceSide: side,
  accountSide: side,
  generation: z.number(),
  turningOff: z
    .looseObject({
      cause: z.string(),
      endsIn: z.string(),
      askedAt: z.string(),
      connections: z.number(),
      itemsDeleted: z.number(),
      verifiedAt: z.string().nullable(),
    })
    .nullable(),
});

export const accessRequests = page(
  z.looseObject({
    id: z.string(),
    instanceId: z.string(),
    status: z.string(),
    informationAsked: z.boolean(),
    handler: z.string().nullable(),
    contactDueAt: z.string().nullable(),
    expiresAt: z.string().nullable(),
    createdAt: z.string(),
  }),
);

export const schedule = z.looseObject({
  paused: z.boolean(),
  note: z.string().nullable(),
  running: z.boolean(),
  lastRunAt: z.string().nullable(),
  nextRunsAt: z.array(z.string()),
});

export const runs = page(
  z.looseObject({
    id: z.string(),
    startedAt: z.string(),
    finishedAt: z.string().nullable(),
    trigger: z.string(),
    instances: z.array(
      z.looseObject({
        instanceId: z.string(),
        outcome: z.string().nullable(),
        connections: z.number(),
        changed: z.number(),
        failed: z.number(),
        failures: z.record(z.string(), z.number()),
      }),
    ),
  }),
);

export const started = z.looseObject({ started: z.string() });

export const receipts = z.looseObject({
  connectionId: z.string(),
  deletionPending: z.boolean(),
  items: z.array(
    z.looseObject({
      scope: z.string(),
      generation: z.number(),
      cause: z.string(),
      askedAt: z.string(),
      verifiedAt: z.string(),
      itemsDeleted: z.number(),
      itemsLeft: z.number(),
      publicCopiesExpireAt: z.string(),
    }),
  ),
});

export const auditRecords = page(
  z.looseObject({
    subjectKind: z.string(),
    subjectId: z.string(),
    action: z.string(),
    actor: z.string(),
    at: z.string(),
    detail: z.record(z.string(), z.unknown()),
  }),
);

export const findings = z.looseObject({
  items: z.array(
    z.looseObject({
      poison: z.string(),
      subject: z.looseObject({ kind: z.string(), id: z.string() }),
      words: z.string(),
      remedy: z.string(),
      repairable: z.boolean(),
      repaired: z.boolean().optional(),
    }),
  ),
  examined: z.number(),
  next: z.string().optional(),
});
export type Findings = z.output<typeof findings>;
