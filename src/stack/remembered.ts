import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort, freePortNear } from './ports.ts';
import { StackProblem } from './problem.ts';

const secrets = z.object({ TOKEN_KEYS: z.string(), AUDIT_KEYS: z.string() });
export type Secrets = z.infer<typeof secrets>;

const ports = z.record(z.string(), z.int());

/** The keys of this data folder, made on first use. Without them what it stores encrypted is lost. */
export function readSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  if (!existsSync(file)) {
    write(file, { TOKEN_KEYS: `k1:${key()}`, AUDIT_KEYS: `a1:${key()}` } satisfies Secrets);
  }
  try {
    return secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new StackProblem(`${file} is damaged: put back a copy of it, or begin anew with "npm start -- --fresh".`);
  }
}

function key(): string {
  return randomBytes(32).toString('base64');
}

/** Free ports for these names, the same as at the last start where they are still free. */
export async function rememberedPorts<Name extends string>(
  dataDir: string,
  names: readonly Name[],
): Promise<(name: Name) => number> {
  const file = join(dataDir, 'ports.json');
  const before = readPorts(file);
  const now: Record<string, number> = {};
  for (const name of names) {
    let port = await freePortNear(before[name]);
    while (Object.values(now).includes(port)) port = await freePort();
    now[name] = port;
  }
  write(file, now);
  return (name) => now[name] ?? 0;
}

function readPorts(file: string): z.infer<typeof ports> {
  try {
    return ports.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

/** Writes a file that only its owner reads; whoever reads it meanwhile sees the old one or the new one. */
export function write(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
