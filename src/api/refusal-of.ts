import {
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DomainError, isErrorCode, type ErrorCode } from '../domain/errors.ts';

const UNAVAILABLE = 'A service that this needs cannot be reached. Nothing was lost; send the same request again.';

/** What any error means to the caller. What is not known is `internal`, and its own words go nowhere. */
export function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return fromTemporal(error) ?? fromBody(error) ?? fromDatabase(error) ?? new DomainError('internal');
}

/** The act may have happened all the same: only the same request, under the same id, can tell. */
export function isDoubtful(code: ErrorCode): boolean {
  return code === 'service_unavailable' || code === 'internal';
}

function fromTemporal(error: unknown): DomainError | undefined {
  if (error instanceof WorkflowUpdateFailedError) return fromFailure(error.cause);
  if (error instanceof WorkflowNotFoundError) return new DomainError('not_found');
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new DomainError('service_unavailable', UNAVAILABLE);
  if (error instanceof ServiceError || isGrpcServiceError(error))
    return new DomainError('service_unavailable', UNAVAILABLE);
  return error instanceof ApplicationFailure ? fromFailure(error) : undefined;
}

/** A refused update: the domain's code is the failure's type; `retryAt` and facts are its first detail. */
function fromFailure(failure: unknown): DomainError | undefined {
  if (!(failure instanceof ApplicationFailure) || !isErrorCode(failure.type)) return undefined;
  const [detail] = (failure.details ?? []) as [Record<string, unknown>?];
  const { retryAt, ...facts } = detail ?? {};
  return new DomainError(failure.type, failure.message, { facts, ...(typeof retryAt === 'string' && { retryAt }) });
}

const BODY_ERRORS: Readonly<Record<string, DomainError>> = {
  'entity.parse.failed': new DomainError('malformed_json'),
  'request.aborted': new DomainError('malformed_json', 'The body ended early.'),
  'request.size.invalid': new DomainError('malformed_json', 'The body is not as long as its Content-Length says.'),
  'entity.too.large': new DomainError('body_too_large', 'A body is 64 KiB at the most.'),
  'encoding.unsupported': new DomainError('unsupported_media_type', 'A body is sent without Content-Encoding.'),
  'charset.unsupported': new DomainError('unsupported_media_type', 'A body is JSON in UTF-8.'),
};

/** Errors of Express and its body parser. */
function fromBody(error: unknown): DomainError | undefined {
  const { type } = (error ?? {}) as { type?: unknown };
  if (typeof type === 'string' && Object.hasOwn(BODY_ERRORS, type)) return BODY_ERRORS[type];
  // A path that cannot be decoded names nothing.
  return error instanceof URIError ? new DomainError('not_found') : undefined;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: classes 08 and 53, 57P (shutting down), a transaction
// that was idle for too long, a lock that was not had in time, and a statement that took too long.
const DATABASE_DOWN = /^(08|53|57P|25P03|55P03|57014)/;

function fromDatabase(error: unknown): DomainError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  const down =
    typeof code === 'string'
      ? DATABASE_DOWN.test(code) || code.startsWith('ECONN') || code === 'ENOTFOUND' || code === 'EPIPE'
      : /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error)/.test(
          error.message,
        );
  return down ? new DomainError('service_unavailable', UNAVAILABLE) : undefined;
}
