import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepLogs } from '../../demo/artifacts.ts';

/** What a test started and made, all of it gone after `clean`. */
export function createSandbox() {
  const folders: string[] = [];
  const started: ChildProcess[] = [];
  return {
    folder(): string {
      const folder = mkdtempSync(join(tmpdir(), 'uc-stack-'));
      folders.push(folder);
      return folder;
    },
    /** A program that has nothing to do with the stack. */
    stranger(owner: { uid?: number; gid?: number } = {}): ChildProcess & { pid: number } {
      return withPid(this.start('sleep', ['300'], owner));
    },
    start(command: string, args: string[], options: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {}) {
      const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
      started.push(child);
      return child;
    },
    clean(): void {
      for (const child of started) child.kill('SIGKILL');
      for (const folder of folders) keepLogs(folder);
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      folders.length = 0;
      started.length = 0;
    },
  };
}

export function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

/** The first line that a program prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    const end = output.indexOf('\n');
    if (end >= 0) return output.slice(0, end);
  }
  throw new Error(`it ended and printed ${JSON.stringify(output)}`);
}

function withPid(child: ChildProcess): ChildProcess & { pid: number } {
  const { pid } = child;
  if (pid === undefined) throw new Error('the program was not started');
  return Object.assign(child, { pid });
}
