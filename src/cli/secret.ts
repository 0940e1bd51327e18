import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Edge } from './edge.ts';
import { misused } from './failure.ts';

export const SECRET_FILE = 'a file that holds it; "-" reads it from standard input';

/** A secret is never an argument: those stand in process lists and in the shell's history. @throws Failure */
export async function readSecret({ stdin, err }: Edge, path: string): Promise<string> {
  if (path === '-' && stdin.isTTY) err('Type the secret, then Enter and Ctrl-D.\n');
  const secret = (path === '-' ? await text(stdin) : await readSecretFile(path)).trim();
  if (secret === '') throw misused(path === '-' ? 'Standard input is empty.' : `${path} is empty.`);
  return secret;
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw misused(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
