import { audit, isSevere, type Audit, type Problem } from './audit.ts';

/**
 * `npm run audit:dependencies`: what the registry knows of our dependencies. Exit code 1 where one that is shipped has a
 * problem of high or critical severity; where the registry does not answer it says "not checked", and that is no failure.
 */
const say = (line: string) => void process.stdout.write(`${line}\n`);

function tell(what: string, outcome: Audit, problems: readonly Problem[]): void {
  if (!outcome.isChecked) return say(`${what}: not checked, ${outcome.why}.`);
  say(`${what}: ${problems.length === 0 ? 'no known problem' : `${problems.length} with known problems`}.`);
  for (const { name, severity, known } of problems) {
    say(`  ${severity} ${name}`);
    for (const one of known) say(`    ${one}`);
  }
}

const [production, all] = [await audit('production'), await audit('all')];
const shipped = production.isChecked ? production.problems : [];
const names = new Set(shipped.map(({ name }) => name));
tell('Production', production, shipped);
tell('Development', all, all.isChecked ? all.problems.filter(({ name }) => !names.has(name)) : []);
process.exitCode = shipped.some(isSevere) ? 1 : 0;
