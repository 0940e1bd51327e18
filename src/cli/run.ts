import { CommanderError } from 'commander';
import { SettingsError } from '../config.ts';
import { DomainError } from '../domain/errors.ts';
import { adviceFor } from './advice.ts';
import type { Edge } from './edge.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { createProgram } from './program.ts';
import { reportText } from './report.ts';

/** Runs one command and returns its exit code. What it did goes to standard output, why it did not to standard error. */
export async function run(args: readonly string[], edge: Edge): Promise<number> {
  const program = createProgram(edge);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    // Commander has printed its help, or what is wrong with the command.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { exit, report } = failureOf(error);
    const asJson = program.opts<{ json?: boolean }>().json === true;
    edge.err(asJson ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return exit;
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof SettingsError) return new Failure(EXIT.usage, { title: error.message });
  if (error instanceof DomainError) {
    return new Failure(EXIT.refused, { title: error.message, code: error.code, advice: adviceFor(error.code) });
  }
  const detail = error instanceof Error ? error.stack : String(error);
  return new Failure(EXIT.refused, { title: 'The CLI itself failed.', detail });
}
