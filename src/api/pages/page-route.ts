import express, { Router, type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import type { Session } from '../../db/sessions.ts';
import { ERRORS } from '../../domain/errors.ts';
import { browserSecret, demandFormToken, demandOwnOrigin, formToken } from '../cookies.ts';
import type { Allowances } from '../demand-allowance.ts';
import type { Deps } from '../deps.ts';
import { ERROR_ADVICE } from '../error-advice.ts';
import { actorOf } from '../identity.ts';
import { setRetryAfter } from '../problem.ts';
import type { RateClass } from '../rate-limiter.ts';
import { refusalOf } from '../refusal-of.ts';
import { publicUrl, sessionOf } from '../session.ts';
import { errorPage } from '../views/error-page.ts';
import { leavingPage } from '../views/leaving-page.ts';
import { whileHeld } from '../while-held.ts';

const FORM_LIMIT = '16kb';

/** What a page gets. */
export interface PageCall {
  deps: Deps;
  req: Request;
  res: Response;
  allowances: Allowances;
  /** What the browser's own secret is, for forms and sign-ins. */
  browser: string;
  /** What forms of this page carry in `form`. */
  form: string;
  session: Session | undefined;
  /** Fields of the path, and of the form that was sent or, where a page is shown, of the query; as text. */
  field: (name: string) => string;
}

/** HTML, or where to go: a path of ours, or an address elsewhere. */
export type PageAnswer = { html: string; status?: number } | { goTo: string };

export interface PageRoute {
  method: 'get' | 'post';
  path: string;
  /** How often one caller may come: `read` or `write` unless it says another. */
  rate?: RateClass;
  handler(call: PageCall): Promise<PageAnswer>;
}

/** Pages for browsers: a GET shows, a POST comes from a form of ours and leads on by a redirect. */
export function createPages(pages: readonly PageRoute[], deps: Deps, allowances: Allowances): Router {
  const router = Router({ caseSensitive: true });
  const held = whileHeld(deps.pool);
  const parseForm = express.urlencoded({ extended: false, limit: FORM_LIMIT, inflate: false });
  for (const page of pages) {
    const run = runPage(page, deps, allowances);
    if (page.method === 'get') router.get(page.path, held, run);
    else router.post(page.path, held, fromOurs(deps), parseForm, run);
  }
  router.use(showError(deps));
  return router;
}

/** Before anything of a stranger's form is read. */
function fromOurs(deps: Deps): RequestHandler {
  return (req, _res, next) => {
    demandOwnOrigin(req, publicUrl(deps.config));
    next();
  };
}

function runPage(page: PageRoute, deps: Deps, allowances: Allowances): RequestHandler {
  const rate = page.rate ?? (page.method === 'get' ? 'read' : 'write');
  return async (req, res) => {
    res.locals['route'] = page.path;
    res.set('Cache-Control', 'no-store');
    const field = fieldsOf(req);
    if (page.method === 'post') demandFormToken(req, field('form'));
    const session = await sessionOf(deps, req);
    // Nobody is known while they sign in: a session that is there tells who was.
    const actor = rate === 'sign_in' ? undefined : session && actorOf(session);
    await allowances.demand(res, { class: rate, what: page.path, who: actor?.id ?? allowances.addressOf(req) });
    const browser = browserSecret(req, res);
    const answer = await page.handler({
      deps,
      req,
      res,
      allowances,
      browser,
      form: formToken(browser),
      session,
      field,
    });
    // 303: whatever the method was, what follows is read.
    if ('goTo' in answer && answer.goTo.startsWith('/')) res.redirect(303, answer.goTo);
    else if ('goTo' in answer) res.type('html').send(leavingPage(answer.goTo));
    else
      res
        .status(answer.status ?? 200)
        .type('html')
        .send(answer.html);
  };
}

function fieldsOf(req: Request): (name: string) => string {
  const sent = req.method === 'POST' ? ((req.body ?? {}) as object) : req.query;
  const from = [req.params, sent].map((fields) => new Map<string, unknown>(Object.entries(fields)));
  return (name) => {
    const value: unknown = from.map((fields) => fields.get(name)).find((one) => one !== undefined);
    return typeof value === 'string' ? value : '';
  };
}

/** An error keeps the look, says what was kept and what to do. */
function showError({ logger, clock }: Deps): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const refusal = refusalOf(error);
    const { status, title } = ERRORS[refusal.code];
    res.locals['code'] = refusal.code;
    setRetryAfter(res, refusal.retryAt, clock());
    if (refusal.code === 'internal') logger.error({ error: (error as Error).name }, 'a page failed');
    const detail = refusal.message === title ? '' : refusal.message;
    res
      .status(status)
      .type('html')
      .send(
        errorPage({ title, detail, retryAt: refusal.retryAt, advice: ERROR_ADVICE[refusal.code], code: refusal.code }),
      );
  };
}

/** Only a path of ours, as it is written: nobody is led elsewhere by an address that begins with ours. */
export function ownPath(text: string): string {
  return /^\/(?![/\\])[\w./?=&%-]*$/.test(text) ? text : '/account';
}
