import { EXIT, type Exit } from './exit-codes.ts';

/** Why a command did not do what it was asked to, in the words of a problem document (RFC 9457). */
export interface Report {
  title: string;
  detail?: string | undefined;
  /** What to do about it. */
  advice?: string | undefined;
  /** Of the closed list of error codes; absent where the API or the database was not reached. */
  code?: string | undefined;
  /** The page about the code. */
  about?: string | undefined;
  retryAt?: string | undefined;
  facts?: Record<string, unknown> | undefined;
}

export class Failure extends Error {
  override name = 'Failure';
  readonly exit: Exit;
  readonly report: Report;

  constructor(exit: Exit, report: Report) {
    super(report.title);
    this.exit = exit;
    this.report = report;
  }
}

/** A command that was put in a way that cannot be meant. */
export function misused(title: string, advice?: string): Failure {
  return new Failure(EXIT.usage, { title, advice });
}
