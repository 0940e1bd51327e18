import type { ErrorRequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { ZodError } from 'zod';
import { DomainError, ERRORS, type ErrorCode } from '../domain/errors.ts';
import { refusalOf } from './refusal-of.ts';

/** RFC 9457. `type` resolves to a page about the code; `facts` holds ids, states and field names, never what was sent. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  retryAt?: string;
  facts?: Record<string, unknown>;
}

export function toProblem(error: DomainError, instance: string): Problem {
  const { status, title } = ERRORS[error.code];
  return {
    type: `/problems/${error.code}`,
    title,
    status,
    detail: error.message,
    instance,
    code: error.code,
    ...(error.retryAt !== undefined && { retryAt: error.retryAt }),
    ...(Object.keys(error.facts).length > 0 && { facts: { ...error.facts } }),
  };
}

export function setRetryAfter(res: Response, retryAt: string | undefined, now: Date): void {
  if (retryAt === undefined) return;
  const seconds = Math.ceil((Date.parse(retryAt) - now.getTime()) / 1000);
  res.set('Retry-After', String(Math.max(1, seconds)));
}

export function sendProblem(res: Response, problem: Problem, now: Date): void {
  setRetryAfter(res, problem.retryAt, now);
  if (problem.status === 401) res.set('WWW-Authenticate', 'Bearer');
  res.locals['code'] = problem.code;
  res.status(problem.status).set('Cache-Control', 'no-store').type('application/problem+json');
  res.send(JSON.stringify(problem));
}

/** Which fields are wrong and how; a value that was sent is never repeated. */
export function invalidInput(error: ZodError, where: Where): DomainError {
  if (where === 'body' && error.issues.every(isMissingNote)) return new DomainError('note_required');
  const fields = error.issues.slice(0, 20).map((issue) => ({
    in: where,
    field: issue.path.join('.'),
    problem: issue.message.slice(0, 200),
  }));
  return new DomainError('invalid_input', 'Nothing was done. See "facts.fields" for what is wrong.', {
    facts: { fields },
  });
}

function isMissingNote(issue: ZodError['issues'][number]): boolean {
  return (
    issue.path.join('.') === 'note' &&
    (issue.code === 'too_small' || (issue.code === 'invalid_type' && issue.input === undefined))
  );
}

type Where = 'body' | 'query' | 'header';

/** A single field that is wrong by itself, for a reason that its schema does not see. */
export const fieldProblem = (where: Where, field: string, what: string) =>
  problemOf('invalid_input', where, field, what);

/** A single field that is well formed, and refused for what is on record. */
export const refusedValue = (field: string, what: string, where: Where = 'body') =>
  problemOf('value_refused', where, field, what);

function problemOf(code: ErrorCode, where: Where, field: string, what: string): DomainError {
  return new DomainError(code, `Nothing was done: "${field}" ${what}.`, {
    facts: { fields: [{ in: where, field, problem: what }] },
  });
}

/** The one place where an error becomes an answer. */
export function problemHandler(logger: Logger, clock: () => Date): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    const refusal = refusalOf(error);
    if (refusal.code === 'internal' || refusal.code === 'service_unavailable') {
      logger.error({ requestId: res.locals['requestId'], ...causeOf(error) }, refusal.code);
    }
    sendProblem(res, toProblem(refusal, req.path), clock());
  };
}

// Frames and names only: a message of a driver can quote a row.
function causeOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12);
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return { error: error.name, code, constraint, stack: frames?.join('\n') };
}
