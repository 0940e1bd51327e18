import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { ok } from './api.ts';
import type { Story } from './setting.ts';

/** S3: custom terms are logged, and a person contacts the admin. */
export async function customTerms(story: Story): Promise<void> {
  const { checks, operator, support, stack } = story;
  checks.chapter('Custom terms: a person looks');
  const accountId = await operator.registersAccount('organization', 'globex', DEMO_TOKENS.installation('globex'));
  await operator.recordsTerms(accountId, 'custom');
  const instanceId = await operator.registersInstance({
    hostname: 'ghes.globex.example',
    kind: 'ghes',
    baseUrl: stack.peers!.instance,
    accountId,
    credential: DEMO_TOKENS.instanceReader,
  });
  await operator.recordsConnect(instanceId, true);
  const ines = await story.place(instanceId).admin('ines');

  const request = ok(await ines.requestsAccess());
  checks.equal('Ines’ request is logged, not decided', [request.status, request.instructionsUrl], ['logged', null]);
  checks.that('a first contact is due', request.contactDueAt !== null, request);
  checks.equal(
    'it stands in support’s queue',
    (await support.queue()).map(({ id }) => id),
    [request.id],
  );
  checks.equal('a second request is refused while it is open', (await ines.requestsAccess()).code, 'request_open');
  checks.equal('Ines may not decide it herself', (await ines.approves(request.id, 'by myself')).status, 403);

  const claimed = ok(await support.claims(request.id));
  checks.that('support claims it', claimed.handler !== null, claimed);
  checks.equal(
    'support logs a contact',
    ok(await support.logsContact(request.id, 'Called; a contract is being signed.')).status,
    'contacted',
  );
  checks.equal('an approval without a note is refused', (await support.approves(request.id)).code, 'note_required');
  const approved = ok(await support.approves(request.id, 'Contract signed.'));
  checks.equal(
    'with a note it is approved, by a person',
    [approved.status, approved.decidedByTerms],
    ['approved', false],
  );
  const { notes } = await support.reads(request.id);
  checks.equal(
    'both notes are kept with the request',
    notes.map(({ text }) => text),
    ['Called; a contract is being signed.', 'Contract signed.'],
  );
  checks.equal('sharing is available there', (await ines.sharing()).status, 'available');
}
