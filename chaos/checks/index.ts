import { checkAccepted } from './accepted.ts';
import { checkAudit } from './audit.ts';
import type { Check } from './check.ts';
import { checkCounts } from './counts.ts';
import { checkDoctor } from './doctor.ts';
import { checkKeys } from './keys.ts';
import { checkProfiles } from './profiles.ts';
import { checkRepeated } from './repeated.ts';
import { checkRows } from './rows.ts';
import { checkTold } from './told.ts';
import { checkWorkflows } from './workflows.ts';

/** All that must hold after a round, at one look or another. */
export const CHECKS: readonly Check[] = [
  checkRows,
  checkCounts,
  checkProfiles,
  checkTold,
  checkAccepted,
  checkWorkflows,
  checkDoctor,
  checkKeys,
  checkAudit,
];

/** What does something to look, and so looks once: what it does a second time would not be seen again. */
export const LOOKS_ONCE: readonly Check[] = [checkRepeated];
