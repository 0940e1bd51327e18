import { ERRORS, DomainError, type SourceFailure } from '../domain/errors.ts';

const NEW_TOKEN = 'Authorize the connection again with a new token.';
const WAIT = 'Nothing to do: it is tried again each hour, and what is shown stays as it is.';

/** What a developer can do about a failed read; none of these deletes anything by itself. */
const REMEDIES: Readonly<Record<SourceFailure, string>> = {
  token_revoked: NEW_TOKEN,
  token_expired: NEW_TOKEN,
  scope_missing: 'Authorize again with a token that has the scope read:user; without it counts would be too low.',
  sso_required: 'Authorize the token for single sign-on in your settings on the instance.',
  user_gone: 'Ask a site administrator of the instance whether your account is still there.',
  user_suspended: 'Ask a site administrator of the instance to lift the suspension.',
  identity_mismatch: 'Use a token of the account that was connected.',
  rate_limited: WAIT,
  maintenance: WAIT,
  source_unreachable: WAIT,
  bad_answer: `${WAIT} If it lasts, tell a site administrator of the instance.`,
  token_unreadable: `${NEW_TOKEN} The operator is told.`,
};

export function failureWords(failure: SourceFailure): { words: string; remedy: string } {
  return { words: ERRORS[failure].title, remedy: REMEDIES[failure] };
}

/** A failed read as the refusal of the act that needed it. */
export function failureError(failure: SourceFailure, now: Date, retryAfterMs?: number): DomainError {
  const { words, remedy } = failureWords(failure);
  const retryAt = retryAfterMs === undefined ? undefined : new Date(now.getTime() + retryAfterMs).toISOString();
  return new DomainError(failure, `${words}. Nothing was changed. ${remedy}`, {
    ...(retryAt !== undefined && { retryAt }),
  });
}
