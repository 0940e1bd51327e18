import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { KeptReceipt } from '../db/kept-receipts.ts';
import { WITHDRAWALS, type KeptWithdrawal } from '../db/kept-withdrawals.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** A line of the file: one receipt, or what was taken back without one. A field that is not known is left out, so that a later release's file can be read. */
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
const withdrawal = z.object({
  seq: z.int().positive(),
  withdrawal: z.enum(WITHDRAWALS),
  subjectId: z.uuid(),
  at: z.iso.datetime(),
}) satisfies z.ZodType<KeptWithdrawal>;
const line = z.union([withdrawal, receipt]);

export type KeptLine = KeptReceipt | KeptWithdrawal;

const BATCH = 1000;

/** The receipts of a file, in batches. @throws Failure, with the number of a line that is none */
export async function* readReceipts(path: string): AsyncGenerator<KeptLine[]> {
  // Opened first: a file that is not there is told before anything is done.
  const file = await opened(path, 'r');
  const lines = createInterface({ input: file.createReadStream(), crlfDelay: Infinity });
  let batch: KeptLine[] = [];
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    batch.push(lineOf(text, path, number));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

/** Every line is looked at before the first is acted on. @returns how many there are */
export async function checkReceipts(path: string): Promise<number> {
  let count = 0;
  for await (const batch of readReceipts(path)) count += batch.length;
  return count;
}

function lineOf(text: string, path: string, number: number): KeptLine {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    throw new Failure(EXIT.refused, {
      title: `Line ${number} of ${path} is no receipt: nothing was done.`,
      advice: 'take the file that "receipts export" wrote; the last line may be cut off, then leave it out.',
    });
  }
}

/** A file that receipts are added to. */
export interface ReceiptsFile {
  /** The places of the last receipt and of the last withdrawal in it; 0 where there is none. */
  last: { receipt: number; withdrawal: number };
  add(lines: KeptLine[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens, or makes, the file. A line that was cut off when an earlier export was killed is taken away: its receipt comes
 * again. What was added is on the disk when `add` returns.
 */
export async function openReceiptsFile(path: string): Promise<ReceiptsFile> {
  const file = await opened(path, 'a+');
  const end = await endOfLines(file);
  await file.truncate(end);
  const last = await lastPlaces(path, end);
  return {
    last,
    async add(added) {
      await file.appendFile(added.map((one) => `${JSON.stringify(one)}\n`).join(''));
      await file.sync();
    },
    close: () => file.close(),
  };
}

const NEWLINE = 0x0a;
const BLOCK = 65_536;

/** Where the last whole line ends. */
async function endOfLines(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  for (let end = size; end > 0; end -= BLOCK) {
    const from = Math.max(0, end - BLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - from), 0, end - from, from);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) return from + at + 1;
  }
  return 0;
}

async function lastPlaces(path: string, end: number): Promise<ReceiptsFile['last']> {
  const last = { receipt: 0, withdrawal: 0 };
  if (end === 0) return last;
  const lines = createInterface({ input: createReadStream(path, { end: end - 1 }), crlfDelay: Infinity });
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const one = lineOf(text, path, number);
    const kind = 'withdrawal' in one ? 'withdrawal' : 'receipt';
    last[kind] = Math.max(last[kind], one.seq);
  }
  return last;
}

async function opened(path: string, flags: string): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    throw new Failure(EXIT.refused, {
      title: `${path} cannot be opened (${(error as NodeJS.ErrnoException).code}).`,
      advice: 'name a file that can be read and written, in a folder that is there.',
    });
  }
}
