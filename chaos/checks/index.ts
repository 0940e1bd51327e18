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

/** All that must hold after a round. */
export const CHECKS: readonly Check[] = [
  checkRows,
  checkCounts,
  checkProfiles,
  checkTold,
  checkAccepted,
  checkWorkflows,
  checkDoctor,
  checkKeys,
  checkRepeated,
  checkAudit,
];
