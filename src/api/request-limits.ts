import type { RequestHandler } from 'express';
import { DomainError } from '../domain/errors.ts';

const MOST_HEADERS = 100;
/** Providers send codes of some thousand characters back. */
const URL_CHARACTERS = 8192;

/** Refuses what no client of ours sends, before anything looks at it. */
export const requestLimits: RequestHandler = (req, _res, next) => {
  if (req.url.length > URL_CHARACTERS) throw new DomainError('uri_too_long');
  if (req.rawHeaders.length > MOST_HEADERS * 2) throw new DomainError('too_many_headers');
  next();
};
