import type { ObservedCause } from './connection.ts';
import type { SourceFailure } from './errors.ts';

/** Which failures of a read are a sign that the person is gone; all others are failures only. */
export function causeOf(failure: SourceFailure): ObservedCause | undefined {
  switch (failure) {
    case 'token_revoked':
    case 'token_expired':
    case 'scope_missing':
      return 'token_lost';
    case 'user_suspended':
      return 'suspended';
    case 'user_gone':
    case 'identity_mismatch':
      return 'gone';
    default:
      return undefined;
  }
}

export interface Sighting {
  cause: ObservedCause;
  firstAt: string;
  lastAt: string;
  times: number;
}

export interface GraceSettings {
  tokenMs: number;
  observedMs: number;
  sightings: number;
}

/** When an observed cause may be acted on at the earliest: it has to be seen then, or later, and often enough. */
export function graceEnds(sighting: Sighting, grace: GraceSettings): string {
  const ms = sighting.cause === 'token_lost' ? grace.tokenMs : grace.observedMs;
  return new Date(Date.parse(sighting.firstAt) + ms).toISOString();
}

/** It has held for its grace: time that passed since it was last seen says nothing of it. */
export function hasOutlivedGrace(sighting: Sighting, grace: GraceSettings): boolean {
  return sighting.times >= grace.sightings && Date.parse(graceEnds(sighting, grace)) <= Date.parse(sighting.lastAt);
}

/** Many connections turning in one run is the instance's fault: more than 5% of what it read, and at least 10. */
export function isInstanceFault(turned: number, connections: number): boolean {
  return turned >= 10 && turned > connections * 0.05;
}
