import { spawn } from 'node:child_process';
import { z } from 'zod';

/** What is known of the dependencies, or why nobody knows. */
export type Audit = { isChecked: true; problems: Problem[] } | { isChecked: false; why: string };

export interface Problem {
  name: string;
  severity: string;
  /** Each known problem of the package itself; none where it only uses another that has one. */
  known: string[];
}

const advisory = z.object({ title: z.string(), url: z.string() });
const report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({ name: z.string(), severity: z.string(), via: z.array(z.union([z.string(), advisory])) }),
  ),
});
const refusal = z.object({ message: z.string(), statusCode: z.number().optional() });

/** What `npm audit --json` printed. A registry that does not answer is no proof that all is well. */
export function readAudit(printed: string): Audit {
  const json = parsed(printed);
  const good = report.safeParse(json);
  if (good.success) {
    const problems = Object.values(good.data.vulnerabilities).map(({ name, severity, via }) => ({
      name,
      severity,
      known: via.flatMap((one) => (typeof one === 'string' ? [] : [`${one.title} (${one.url})`])),
    }));
    return { isChecked: true, problems };
  }
  const { data } = refusal.safeParse(json);
  if (!data) return { isChecked: false, why: 'npm gave no answer that can be read' };
  return {
    isChecked: false,
    why: data.statusCode === undefined ? 'the registry cannot be reached' : `the registry answered ${data.statusCode}`,
  };
}

/** Severe ones are not to be shipped. */
export function isSevere({ severity }: Problem): boolean {
  return severity === 'high' || severity === 'critical';
}

/** Asks the registry about the lock file of the folder. */
export async function audit(which: 'production' | 'all', env = process.env): Promise<Audit> {
  // Offline npm asks nobody, and says that it found nothing.
  const args = [
    'audit',
    '--json',
    '--offline=false',
    '--prefer-offline=false',
    ...(which === 'all' ? [] : ['--omit=dev']),
  ];
  const child = spawn('npm', args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  // npm's exit code says how many there are, and nothing more; without npm nothing was printed.
  await new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  return readAudit(printed);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
