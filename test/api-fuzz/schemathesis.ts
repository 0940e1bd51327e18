import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild, type ChildOptions } from '../../src/stack/child.ts';
import { StackProblem } from '../../src/stack/problem.ts';

/** Its version, and those of all that it needs. */
const REQUIREMENTS = new URL('requirements.txt', import.meta.url);

export interface Outcome {
  /** Requests that were made up and sent. */
  cases: number;
  held: boolean;
  /** Its whole report. */
  text: string;
}

export type Schemathesis = (run: {
  /** Names its files in the work folder. */
  name: string;
  schemaUrl: string;
  /** TOML, see https://schemathesis.readthedocs.io/en/stable/reference/configuration/. */
  config: string;
}) => Promise<Outcome>;

/**
 * Schemathesis, installed once for each list of requirements into a virtual environment of its own under `cacheDir`.
 * @param workDir where its configuration, its reports and its logs go
 * @throws StackProblem where Python or a package cannot be had
 */
export async function installSchemathesis(cacheDir: string, workDir: string): Promise<Schemathesis> {
  const requirements = readFileSync(REQUIREMENTS);
  const venv = join(cacheDir, `schemathesis-${createHash('sha256').update(requirements).digest('hex').slice(0, 12)}`);
  const python = join(venv, 'bin', 'python');
  const whole = join(venv, 'whole');
  if (!existsSync(whole)) {
    rmSync(venv, { recursive: true, force: true });
    mkdirSync(cacheDir, { recursive: true });
    await must(workDir, 'python3', ['-m', 'venv', venv]);
    await must(workDir, python, ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS.pathname]);
    writeFileSync(whole, '');
  }
  return async ({ name, schemaUrl, config }) => {
    const file = join(workDir, `${name}.toml`);
    writeFileSync(file, config, { mode: 0o600 });
    const lines: string[] = [];
    const options = { name, command: python, dataDir: workDir, cwd: workDir };
    const args = ['-m', 'schemathesis.cli', '--config-file', file, 'run', schemaUrl];
    const { code } = await runChild({ ...options, args, onLine: (line) => void lines.push(line) });
    const text = lines.join('\n');
    const cases = Number(/^ {2}(\d+) generated/m.exec(text)?.[1] ?? 0);
    return { cases, held: code === 0 && cases > 0, text };
  };
}

async function must(workDir: string, command: string, args: ChildOptions['args']): Promise<void> {
  const { code, lastLines } = await runChild({ name: 'python', command, args, dataDir: workDir });
  if (code === 0) return;
  throw new StackProblem(
    `Schemathesis could not be installed ("${lastLines.at(-1) ?? command}"): it needs Python 3 with venv, and PyPI.`,
  );
}
