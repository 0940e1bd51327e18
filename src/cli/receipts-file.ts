import { open, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Places } from '../db/kept-horizon.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { KeptLine } from '../repair/told.ts';
import { lineOf, placesWith, type FileLine } from './kept-line.ts';

const BATCH = 1000;
const NOWHERE: Places = { receipt: 0, audit: 0 };

/** What a file has kept, in batches. @throws Failure, with the number of a line that is none */
export async function* readReceipts(path: string): AsyncGenerator<KeptLine[]> {
  for await (const batch of linesOf(path)) yield batch.flatMap((one) => ('examined' in one ? [] : one));
}

/** Every line is looked at before the first is acted on. @returns the highest places in it */
export async function checkReceipts(path: string): Promise<Places> {
  let places = NOWHERE;
  for await (const batch of linesOf(path)) places = batch.reduce(placesWith, places);
  return places;
}

async function* linesOf(path: string): AsyncGenerator<FileLine[]> {
  // Opened first: a file that is not there is told before anything is done.
  const file = await opened(path, 'r');
  const lines = createInterface({ input: file.createReadStream(), crlfDelay: Infinity });
  let batch: FileLine[] = [];
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    batch.push(lineOf(text, `Line ${number} of ${path}`));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

/** A file that receipts are added to. */
export interface ReceiptsFile {
  /** Up to where the database is in it. */
  places: Places;
  add(lines: FileLine[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens, or makes, the file. A line that was cut off when an earlier export was killed is taken away: its receipt comes
 * again. What was added is on the disk when `add` returns.
 */
export async function openReceiptsFile(path: string): Promise<ReceiptsFile> {
  const file = await opened(path, 'a+');
  await file.truncate(await endOfLines(file));
  return {
    places: await lastPlaces(file, path),
    async add(added) {
      await file.appendFile(added.map((one) => `${JSON.stringify(one)}\n`).join(''));
      await file.sync();
    },
    close: () => file.close(),
  };
}

/** What was examined is in its last lines; only what an export that was killed has added comes after it. */
async function lastPlaces(file: FileHandle, path: string): Promise<Places> {
  let places = NOWHERE;
  for await (const text of linesFromEnd(file)) {
    if (text.trim() === '') continue;
    const one = lineOf(text, `A line of ${path}`);
    places = placesWith(places, one);
    if ('examined' in one) break;
  }
  return places;
}

const NEWLINE = 0x0a;
const BLOCK = 65_536;

/** Where the last whole line ends. */
async function endOfLines(file: FileHandle): Promise<number> {
  for await (const { from, bytes } of blocksFromEnd(file)) {
    const at = bytes.lastIndexOf(NEWLINE);
    if (at >= 0) return from + at + 1;
  }
  return 0;
}

async function* linesFromEnd(file: FileHandle): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const { bytes } of blocksFromEnd(file)) {
    rest = Buffer.concat([bytes, rest]);
    for (let at = rest.lastIndexOf(NEWLINE); at >= 0; at = rest.lastIndexOf(NEWLINE)) {
      yield rest.subarray(at + 1).toString();
      rest = rest.subarray(0, at);
    }
  }
  yield rest.toString();
}

async function* blocksFromEnd(file: FileHandle): AsyncGenerator<{ from: number; bytes: Buffer }> {
  const { size } = await file.stat();
  for (let end = size; end > 0; end -= BLOCK) {
    const from = Math.max(0, end - BLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - from), 0, end - from, from);
    yield { from, bytes: buffer.subarray(0, bytesRead) };
  }
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
