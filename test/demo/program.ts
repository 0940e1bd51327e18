import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Program {
  /** What its first line of JSON said. */
  addresses: Record<string, string>;
  /** Ends it and waits until it has ended. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a program of the demo as its own process and waits for its line of JSON. */
export async function startProgram(file: string, environment: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const addresses = await firstLine(child);
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return { addresses, end };
}

async function firstLine(child: ChildProcess): Promise<Record<string, string>> {
  if (child.stdout === null) throw new Error('the program has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const addresses: Record<string, string> = JSON.parse(line);
    return addresses;
  }
  throw new Error('the program ended without a word');
}
