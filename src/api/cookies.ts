import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';
import { DomainError } from '../domain/errors.ts';
import { SIGN_IN_WITHIN_MS } from '../db/sign-in-flows.ts';

/** `__Host-`: set by this very host over TLS (or on a loopback address), for all of it; no neighbour can set or see it. */
export const SESSION_COOKIE = '__Host-uc_session';
/** Of every browser that sees a form: what its forms and sign-ins are known by. */
const BROWSER = '__Host-uc_browser';

const COMMON = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** What a browser's secret is turned into for one use; the secret itself goes nowhere. */
export function derived(secret: string, use: string): string {
  return createHmac('sha256', secret).update(use).digest('base64url');
}

export function sessionCookie(req: Request): string | undefined {
  return secretIn(req, SESSION_COOKIE);
}

export function setSessionCookie(res: Response, secret: string, expires: Date): void {
  res.cookie(SESSION_COOKIE, secret, { ...COMMON, expires });
}

export function clearSessionCookie(res: Response): void {
  res.clearCookie(SESSION_COOKIE, COMMON);
}

/** The browser's secret, made where it has none, for as long as a sign-in or a form may take. */
export function browserSecret(req: Request, res: Response): string {
  const secret = secretIn(req, BROWSER) ?? randomSecret();
  res.cookie(BROWSER, secret, { ...COMMON, maxAge: SIGN_IN_WITHIN_MS * 6 });
  return secret;
}

export function knownBrowser(req: Request): string | undefined {
  return secretIn(req, BROWSER);
}

/** What a form of ours carries. */
export function formToken(browser: string): string {
  return derived(browser, 'form');
}

/** @throws DomainError origin_refused for a form that this browser was not given */
export function demandFormToken(req: Request, sent: string): void {
  const browser = secretIn(req, BROWSER);
  const expected = Buffer.from(browser === undefined ? '' : formToken(browser));
  const given = Buffer.from(sent);
  const isOurs = browser !== undefined && expected.length === given.length && timingSafeEqual(expected, given);
  if (!isOurs) throw new DomainError('origin_refused', 'This form is too old, or not ours. Open the page again.');
}

/**
 * A request of a browser that changes something comes from a page of ours, or is refused: every browser says where it
 * comes from.
 * @throws DomainError origin_refused
 */
export function demandOwnOrigin(req: Request, publicUrl: string): void {
  if (req.get('origin') !== publicUrl) throw new DomainError('origin_refused');
}

function secretIn(req: Request, name: string): string | undefined {
  const value = parseCookie(req.headers.cookie ?? '')[name];
  return value !== undefined && SECRET.test(value) ? value : undefined;
}
