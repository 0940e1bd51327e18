import { spawn } from 'node:child_process';
import { text as textOf } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli/run.ts';

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface Cli {
  /** Runs a command in this process: a line of words, and what holds spaces or comes from elsewhere after it. */
  (line: string, ...more: string[]): Promise<Ran>;
  /** What it prints with --json. */
  json<Body>(line: string, ...more: string[]): Promise<Body>;
  /** The same command with something on standard input. */
  fed(stdin: string, line: string, ...more: string[]): Promise<Ran>;
}

/** The CLI with these settings and no others. */
export function cliWith(env: NodeJS.ProcessEnv): Cli {
  const fed = async (stdin: string, line: string, ...more: string[]): Promise<Ran> => {
    const printed = { out: '', err: '' };
    const code = await run([...line.split(' '), ...more], {
      env,
      stdin: Readable.from([stdin]),
      out: (text) => void (printed.out += text),
      err: (text) => void (printed.err += text),
    });
    return { code, ...printed };
  };
  const cli = (line: string, ...more: string[]) => fed('', line, ...more);
  return Object.assign(cli, {
    fed,
    json: async <Body>(line: string, ...more: string[]): Promise<Body> =>
      JSON.parse((await cli(line, ...more, '--json')).out),
  });
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Runs a command as a process of its own. */
export async function spawnCli(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  { stdin = '', closesOutput = false } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...env },
  });
  if (closesOutput) child.stdout.destroy();
  child.stdin.end(stdin);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([closesOutput ? '' : textOf(child.stdout), textOf(child.stderr)]);
  return { code: await ended, out, err };
}
