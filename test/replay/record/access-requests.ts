import { requestQuery } from '../../../src/workflows/access-request.messages.ts';
import {
  accessRequestWorkflowId,
  approveUpdate,
  askInformationUpdate,
  assignUpdate,
  contactUpdate,
  denyUpdate,
  giveInformationUpdate,
  nudgeUpdate,
  recheckUpdate,
  standingSignal,
  withdrawUpdate,
} from '../../../src/workflows/access-request.messages.ts';
import type { AccessRequest } from '../../../src/domain/access-request.ts';
import { findRequest } from '../../../src/db/access-requests.ts';
import { startOrphan } from '../../../src/temporal/deliver.ts';
import { eventually } from '../../support/eventually.ts';
import type { StateOf } from '../states.ts';
import type { Keeper, Moment } from './keeper.ts';
import { createOffice, type Office, type Request } from './office.ts';

type Keep = (state: StateOf<'accessRequest'>, workflowId: string, moment?: Partial<Moment>) => Promise<void>;

const staff = { actor: 'staff:1', githubUserId: 1 };
/** What a wait takes and no more: whatever is done makes it continue as new. */
const FEW = 8;

export async function recordAccessRequests(keeper: Keeper): Promise<void> {
  const parts: [(office: Office, keep: Keep) => Promise<void>, Record<string, string>][] = [
    [checks, {}],
    [acts, {}],
    [decisions, {}],
    [continued, {}],
    [rows, {}],
    [
      alarms,
      { REQUEST_CONTACT_DUE: '3s', REQUEST_REMINDERS: '1', REQUEST_ESCALATE_AFTER: '3s', REQUEST_ESCALATIONS: '1' },
    ],
    [ends, { REQUEST_EXPIRY: '2s' }],
  ];
  for (const [record, settings] of parts) {
    const office = await createOffice(settings);
    const keep: Keep = (state, workflowId, moment) =>
      keeper.keep(office.world.client, 'accessRequest', state, { workflowId, ...moment });
    try {
      await record(office, keep);
    } finally {
      office.world.peer.faults.clear();
      await office.close();
    }
  }
}

async function checks(office: Office, keep: Keep): Promise<void> {
  const { peer } = office.world;
  await office.instance('standard');
  const hold = peer.faults.hold();
  let input = await office.written();
  let answer = office.begin(input);
  await hold.waiting();
  await keep('checking', accessRequestWorkflowId(input.requestId), { during: 'readEligibility' });
  hold.release();
  await answer;
  await keep('approved-by_terms', accessRequestWorkflowId(input.requestId));

  await office.instance('custom');
  peer.faults.add({ kind: 'bad-gateway' });
  input = await office.written();
  answer = office.begin(input);
  const workflowId = accessRequestWorkflowId(input.requestId);
  await keep('checking-again', workflowId, { holds: 'timerStartedEventAttributes' });
  await answer.catch(() => undefined);
  await keep('ineligible-not_proved', workflowId);
  peer.faults.clear();

  await office.instance('custom');
  office.github.accounts.setConnected('acme-inc', 'ghes.acme.example', false);
  input = await office.written();
  await office.begin(input);
  await keep('ineligible', accessRequestWorkflowId(input.requestId));
  office.github.accounts.setConnected('acme-inc', 'ghes.acme.example', true);
}

async function acts(office: Office, keep: Keep): Promise<void> {
  const one = await office.logged();
  await keep('logged', one.workflowId);
  await one.act(assignUpdate, { staff: 'staff:1' });
  await keep('logged-assigned', one.workflowId);
  await one.act(recheckUpdate, {});
  await keep('logged-rechecked', one.workflowId);
  const other = await office.logged();
  await other.act(askInformationUpdate, { noteId: await other.noteId() });
  await keep('logged-information_asked', other.workflowId);
  await other.act(giveInformationUpdate, { noteId: await other.noteId() });
  await keep('logged-information_given', other.workflowId);
  await other.act(nudgeUpdate, {});
  await keep('logged-nudged', other.workflowId);
}

const contact = async (request: Request) => request.act(contactUpdate, { noteId: await request.noteId() });

async function decisions(office: Office, keep: Keep): Promise<void> {
  const approved = await office.logged();
  await contact(approved);
  await keep('contacted', approved.workflowId);
  const hold = office.world.peer.faults.hold();
  const deciding = approved.act(approveUpdate, { noteId: await approved.noteId(), decider: staff });
  await hold.waiting();
  await keep('contacted-approving', approved.workflowId, { during: 'readEligibility' });
  hold.release();
  await deciding;
  await keep('approved', approved.workflowId);
  const rechecked = await office.logged();
  await office.terms('standard');
  await rechecked.act(recheckUpdate, {});
  await keep('approved-rechecked', rechecked.workflowId);
  const denied = await office.logged();
  await contact(denied);
  await denied.act(denyUpdate, { noteId: await denied.noteId(), decider: staff });
  await keep('denied', denied.workflowId);
  const withdrawn = await office.logged();
  await withdrawn.act(withdrawUpdate, {});
  await keep('withdrawn', withdrawn.workflowId);
}

async function continued(office: Office, keep: Keep): Promise<void> {
  const runOf = async ({ workflowId }: Request) =>
    (await office.world.client.workflow.getHandle(workflowId).describe()).runId;
  const next = async (request: Request, act: () => Promise<unknown>) => {
    const before = await runOf(request);
    await act();
    await eventually(async () => (await runOf(request)) !== before, 'it continues as new');
    return before;
  };
  const one = await office.logged({ maxEvents: FEW });
  const run = await next(one, () => one.act(assignUpdate, { staff: 'staff:1' }));
  await keep('logged-continued', one.workflowId);
  await keep('logged-continues', one.workflowId, { runId: run });
  await next(one, async () => {
    await one.act(askInformationUpdate, { noteId: await one.noteId() });
    await one.act(nudgeUpdate, {});
  });
  await keep('logged-information_asked-continued', one.workflowId);
  await next(one, async () => {
    await contact(one);
    await one.act(assignUpdate, { staff: 'staff:2' });
  });
  await keep('contacted-continued', one.workflowId);
}

async function rows(office: Office, keep: Keep): Promise<void> {
  const { client, config, pool } = office.world;
  const lost = await office.logged();
  const standing = async (): Promise<{ request: AccessRequest; version: number }> => {
    const row = (await findRequest(pool, lost.input.requestId))!;
    return { request: await client.workflow.getHandle(lost.workflowId).query(requestQuery), version: row.version };
  };
  const earlier = await standing();
  await client.workflow.getHandle(lost.workflowId).terminate();
  await startOrphan(client, config, { ...lost.input, standing: earlier });
  await keep('logged-from_row', lost.workflowId);
  await contact(lost);
  const later = await standing();
  await client.workflow.getHandle(lost.workflowId).terminate();
  await startOrphan(client, config, { ...lost.input, standing: earlier });
  await client.workflow.getHandle(lost.workflowId).signal(standingSignal, later);
  await keep('contacted-taken_over', lost.workflowId);
  const gone = await office.logged();
  await pool.query('delete from access_request where id = $1', [gone.input.requestId]);
  await gone.act(nudgeUpdate, {}).catch(() => undefined);
  await keep('logged-row_gone', gone.workflowId);
}

async function alarms(office: Office, keep: Keep): Promise<void> {
  const sounded = (request: Request, event: string) =>
    eventually(
      async () =>
        (
          await office.world.pool.query('select 1 from audit where subject_id = $1 and action = $2', [
            request.input.requestId,
            `request.${event}`,
          ])
        ).rowCount === 1,
      event,
    );
  const [one, other] = [await office.logged(), await office.logged({ maxEvents: FEW })];
  await sounded(one, 'reminded');
  await keep('logged-reminded', one.workflowId);
  await sounded(other, 'reminded');
  await keep('logged-reminded-continued', other.workflowId);
  await sounded(one, 'escalated');
  await keep('logged-escalated', one.workflowId);
}

async function ends(office: Office, keep: Keep): Promise<void> {
  const { client } = office.world;
  const one = await office.logged();
  await client.workflow.getHandle(one.workflowId).result();
  await keep('expired-logged', one.workflowId);
  const other = await office.logged();
  await contact(other);
  await client.workflow.getHandle(other.workflowId).result();
  await keep('expired-contacted', other.workflowId);
}
