import { z } from 'zod';
import { POISONS, SUBJECTS, type Finding } from '../../domain/poison.ts';
import { explain } from '../../domain/poison-words.ts';
import type { RepairDeps } from '../../repair/finding.ts';
import { mend } from '../../repair/mend.ts';
import { CHAPTERS, examinePage, type Place } from '../../repair/walk.ts';
import type { Deps } from '../deps.ts';
import { within } from '../deliver.ts';
import { refusedValue } from '../problem.ts';
import { route } from '../route.ts';

const tag = 'doctor';
const SETTLE_MS = 60_000;
/** Of all that a page asks of Temporal. */
const WITHIN_MS = 25_000;

const place = z
  .string()
  .regex(new RegExp(`^(${CHAPTERS.join('|')})(:[A-Za-z0-9_.-]{1,4000})?$`), 'is no place that an answer named')
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

/** Sealed, since Temporal answers a page token of somebody's own as if it were ill itself. */
const SEALED_FOR = 'a place of the doctor';

function writePlace({ cipher }: Deps, { chapter, after }: Place): string {
  if (after === null) return chapter;
  const { ciphertext, keyId } = cipher.seal(after, SEALED_FOR);
  return `${chapter}:${keyId}.${ciphertext.toString('base64url')}`;
}

/** @throws DomainError value_refused */
function readPlace({ cipher }: Deps, text: string, where: 'query' | 'body'): Place {
  const [chapter, sealed] = text.split(':') as [Place['chapter'], string | undefined];
  if (sealed === undefined) return { chapter, after: null };
  const [keyId = '', ciphertext = ''] = sealed.split('.');
  const after = cipher.open(Buffer.from(ciphertext, 'base64url'), keyId, SEALED_FOR);
  if (after === undefined) throw refusedValue('after', 'is no place that an answer named', where);
  return { chapter, after };
}

async function examine(deps: Deps, at: Place, tries: number) {
  const repairs: RepairDeps = { pool: deps.pool, client: deps.temporal, config: deps.config, clock: deps.clock };
  const limits = { attempts: tries, settleMs: SETTLE_MS };
  const found = await within(deps.temporal, () => examinePage(repairs, limits, at), WITHIN_MS);
  const next = found.next && writePlace(deps, found.next);
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
    errors: ['value_refused'],
    handler: async ({ deps, query }) => {
      const { body } = await examine(deps, readPlace(deps, query.after, 'query'), query.attempts);
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
    errors: ['value_refused'],
    handler: async ({ deps, actor, body: { after, attempts: tries } }) => {
      const { repairs, body } = await examine(deps, readPlace(deps, after, 'body'), tries);
      const items: ((typeof body.items)[number] & { repaired: boolean })[] = [];
      for (const one of body.items) {
        const repair = () => mend(repairs, one satisfies Finding, actor.id);
        items.push({ ...one, repaired: await within(deps.temporal, repair) });
      }
      return { status: 200, body: { ...body, items } };
    },
  }),
];
