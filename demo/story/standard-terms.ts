import { ok } from './api.ts';
import type { Place, Story } from './setting.ts';

/** S3: standard terms decide at once and without a person. */
export async function standardTerms({ checks, anyone, support }: Story, acme: Place): Promise<void> {
  checks.chapter('Standard terms: approved at once');
  const ada = await acme.admin('ada');
  const request = ok(await ada.requestsAccess());
  checks.equal(
    'Ada’s request is approved by the terms in its own answer',
    [request.status, request.decidedByTerms],
    ['approved', true],
  );
  checks.that('the answer carries the address of the instructions', (request.instructionsUrl ?? '') !== '', request);
  const page = await anyone.get<string>(new URL(request.instructionsUrl ?? '', 'http://api.invalid').pathname);
  checks.equal('that address has a page', page.status, 200);
  checks.equal('support has nothing to do', await support.queue(), []);
  checks.equal('sharing is available now, and off', (await ada.sharing()).status, 'available');
  const again = ok(await ada.requestsAccess());
  checks.equal(
    'a second request is told that nothing needs to be requested',
    again.failedChecks.map(({ code }) => code),
    ['already_available'],
  );
}
