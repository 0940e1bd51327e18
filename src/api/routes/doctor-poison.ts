import { z } from 'zod';
import { POISONS, SUBJECTS, type Finding } from '../../domain/poison.ts';
import { explain } from '../../domain/poison-words.ts';
import type { RepairDeps } from '../../repair/finding.ts';
import { mend } from '../../repair/mend.ts';
import { CHAPTERS, examinePage, type Place } from '../../repair/walk.ts';
import type { Deps } from '../deps.ts';
import { within } from '../deliver.ts';
import { route } from '../route.ts';

const tag = 'doctor';
const SETTLE_MS = 60_000;
/** Of all that a page asks of Temporal. */
const WITHIN_MS = 25_000;

const place = z
  .string()
  .regex(new RegExp(`^(${CHAPTERS.join('|')})(:[A-Za-z0-9_-]{1,2000})?$`), 'is no place that an answer named')
  .default(CHAPTERS[0])
  .meta({ description: 'Where to go on: `next` of the answer before.' });
const ATTEMPTS = { description: 'From so many attempts on, a step that fails counts as one that cannot go on.' };
const attempts = z.int().min(2).max(1000).default(10).meta(ATTEMPTS);
const attemptsAsked = z.coerce.number().int().min(2).max(1000).default(10).meta(ATTEMPTS);

const finding = z.object({
  poison: z.enum(POISONS),
  subject: z.object({ kind: z.enum(SUBJECTS), id: z.string() }),
  workflowId: z.string().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  words: z.string().meta({ description: 'What is wrong.' }),
  remedy: z.string().meta({ description: 'What a repair does, or what a person can do.' }),
  repairable: z.boolean(),
});
const page = z.object({
  items: z.array(finding),
  examined: z.int().meta({ description: 'How much was looked at for this page.' }),
  next: z.string().optional().meta({ description: 'Where the next page begins; absent after the last.' }),
});

function readPlace(text: string): Place {
  const [chapter, after] = text.split(':') as [Place['chapter'], string | undefined];
  return { chapter, after: after ?? null };
}

async function examine(deps: Deps, at: string, tries: number) {
  const repairs: RepairDeps = { pool: deps.pool, client: deps.temporal, config: deps.config, clock: deps.clock };
  const limits = { attempts: tries, settleMs: SETTLE_MS };
  const found = await within(deps.temporal, () => examinePage(repairs, limits, readPlace(at)), WITHIN_MS);
  const next = found.next && [found.next.chapter, found.next.after].filter((part) => part !== null).join(':');
  const items = found.findings.map((one) => ({ ...one, ...explain(one) }));
  return { repairs, body: { items, examined: found.examined, ...(next !== null && { next }) } };
}

export const doctorPoisonRoutes = [
  route({
    method: 'get',
    path: '/api/v1/doctor/findings',
    operationId: 'findPoison',
    tag,
    summary: 'What is wrong between rows and workflows and is not put right by itself, a page at a time',
    action: 'doctor.read',
    query: z.strictObject({ after: place, attempts: attemptsAsked }),
    responses: { 200: page.meta({ id: 'Findings' }) },
    handler: async ({ deps, query }) => {
      const { body } = await examine(deps, query.after, query.attempts);
      return { status: 200, body };
    },
  }),
  route({
    method: 'post',
    path: '/api/v1/doctor/repairs',
    operationId: 'repairPoison',
    tag,
    summary: 'Repairs what a page of findings finds; each repair is recorded as the caller’s',
    action: 'doctor.repair',
    body: z.strictObject({ after: place, attempts }),
    responses: {
      200: page.extend({ items: z.array(finding.extend({ repaired: z.boolean() })) }).meta({ id: 'Repairs' }),
    },
    handler: async ({ deps, actor, body: { after, attempts: tries } }) => {
      const { repairs, body } = await examine(deps, after, tries);
      const items: ((typeof body.items)[number] & { repaired: boolean })[] = [];
      for (const one of body.items) {
        const repair = () => mend(repairs, one satisfies Finding, actor.id);
        items.push({ ...one, repaired: await within(deps.temporal, repair) });
      }
      return { status: 200, body: { ...body, items } };
    },
  }),
];
