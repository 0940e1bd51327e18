import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Anchor } from '../db/audit-verify.ts';
import { misused } from './failure.ts';

const head = z.object({ seq: z.int().positive(), hash: z.string().regex(/^[0-9a-f]{64}$/) });
const logged = z.object({ auditHead: head });
const line = z.union([head, logged.transform((one) => one.auditHead)]);

/**
 * The heads in a file of AUDIT_ANCHOR_FILE or in a log of the worker, or the one that is given itself. Other lines of a log
 * are passed over, and so is one that was cut off. @throws Failure where there is none
 */
export async function readAnchors(given: string): Promise<Anchor[]> {
  const anchors = given.trimStart().startsWith('{') ? headsOf(given) : await headsIn(given);
  if (anchors.length > 0) return anchors;
  throw misused(
    'No head of audit records is there.',
    'name the file that AUDIT_ANCHOR_FILE names, a log of the worker, or one line of either.',
  );
}

async function headsIn(path: string): Promise<Anchor[]> {
  if (!existsSync(path)) throw misused(`${path} is not there.`);
  const found: Anchor[] = [];
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity }))
    found.push(...headsOf(text));
  return found;
}

function headsOf(text: string): Anchor[] {
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
