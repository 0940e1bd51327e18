import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { DomainError } from '../domain/errors.ts';

/** Only an `ApplicationFailure` fails an update; any other error would fail the workflow task and be tried for ever. */
export function toFailure(error: DomainError): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: true,
    details: [{ retryAt: error.retryAt, ...error.facts }],
    category: 'BENIGN',
  });
}

/** The refusal behind an activity's failure, or undefined when it was something else. */
export function refusalBehind(error: unknown): ApplicationFailure | undefined {
  if (error instanceof DomainError) return toFailure(error);
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable ? cause : undefined;
}
