import { z } from 'zod';
import type { Places } from '../db/kept-horizon.ts';
import type { KeptReceipt } from '../db/kept-receipts.ts';
import { WITHDRAWALS, type KeptAct, type KeptWithdrawal } from '../db/kept-records.ts';
import type { KeptLine } from '../repair/told.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

// A field that is not known is left out, so that a later release's file can be read.
const receipt = z.object({
  seq: z.int().positive(),
  id: z.uuid(),
  scope: z.enum(['connection', 'instance']),
  subjectId: z.uuid(),
  generation: z.int().nonnegative(),
  cause: z.string().min(1),
  askedAt: z.iso.datetime(),
  verifiedAt: z.iso.datetime(),
  itemsDeleted: z.int().nonnegative(),
  publicCopiesExpireAt: z.iso.datetime(),
  endsIn: z.enum(['off', 'unavailable']).nullable(),
}) satisfies z.ZodType<KeptReceipt>;
const act = z.object({
  seq: z.int().positive(),
  act: z.enum(['opt_out', 'forget', 'move', 'turn_off']),
  subjectId: z.uuid(),
  generation: z.int().nonnegative(),
  cause: z.string().min(1),
  at: z.iso.datetime(),
}) satisfies z.ZodType<KeptAct>;
const withdrawal = z.object({
  seq: z.int().positive(),
  withdrawal: z.enum(WITHDRAWALS),
  subjectId: z.uuid(),
  generation: z.int().nonnegative().nullable(),
  at: z.iso.datetime(),
}) satisfies z.ZodType<KeptWithdrawal>;
/** Up to where the database was looked at when these lines were written: most of its records are of nothing that is kept. */
const examined = z.object({ examined: z.object({ receipt: z.int().nonnegative(), audit: z.int().nonnegative() }) });
const line = z.union([withdrawal, act, receipt, examined]);

export type FileLine = KeptLine | { examined: Places };

/** @param where the line, as its reader would look for it */
export function lineOf(text: string, where: string): FileLine {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    throw new Failure(EXIT.refused, {
      title: `${where} is no receipt: nothing was done.`,
      advice: 'take the file that "receipts export" wrote; the last line may be cut off, then leave it out.',
    });
  }
}

/** The places after a line, in whichever order the lines are looked at. */
export function placesWith(places: Places, one: FileLine): Places {
  const { receipt: seq = 0, audit = 0 } =
    'examined' in one ? one.examined : 'scope' in one ? { receipt: one.seq } : { audit: one.seq };
  return { receipt: Math.max(places.receipt, seq), audit: Math.max(places.audit, audit) };
}
