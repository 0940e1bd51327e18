import type { RepairConfig } from '../config.ts';
import type { RequestSettings } from '../domain/access-request.ts';
import { parseDueRule } from '../domain/business-days.ts';

/** Below the time after which a request is answered 202. */
const PROOF_WITHIN_MS = 4000;
const PROOF_RETRY_MS = 250;

/** What a request is opened with; a later change of the settings leaves open requests as they are. */
export function requestSettings(config: RepairConfig): RequestSettings {
  return {
    contactDue: parseDueRule(config.REQUEST_CONTACT_DUE, config.HOLIDAYS),
    expiryMs: config.REQUEST_EXPIRY,
    remindEveryMs: config.REQUEST_REMIND_EVERY,
    reminders: config.REQUEST_REMINDERS,
    escalateAfterMs: config.REQUEST_ESCALATE_AFTER,
    escalations: config.REQUEST_ESCALATIONS,
    nudgeEveryMs: config.NUDGE_EVERY,
    instructionsUrl: config.INSTRUCTIONS_URL,
    proofWithinMs: PROOF_WITHIN_MS,
    proofRetryMs: PROOF_RETRY_MS,
  };
}
