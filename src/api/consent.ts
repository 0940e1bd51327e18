import { z } from 'zod';
import { DomainError } from '../domain/errors.ts';

/** What a developer agrees to when they tick; a new text is a new version and is asked for anew. */
export const CONSENT_VERSION = '2026-11';

/** @param destination the profile side's name */
export function consentText(destination: string): string {
  return (
    `Send my contribution counts to ${destination}: for each day of the past 90 days, and from then on each hour, how many ` +
    'contributions I made on this instance, and the name of the source. Nothing else about them is sent. My profile stays ' +
    'private until I make it public. When I opt out, or sharing is disabled, every count is deleted; if I come back within ' +
    '90 days, the past 90 days are read again, and what is older is gone for good.'
  );
}

export const consentVersion = z.string().min(1).max(40);

/** @throws DomainError consent_required */
export function requireCurrentConsent(version: string): void {
  if (version === CONSENT_VERSION) return;
  throw new DomainError('consent_required', undefined, { facts: { current: CONSENT_VERSION } });
}
