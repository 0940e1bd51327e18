import { setTimeout as delay } from 'node:timers/promises';
import {
  examineActs,
  examineConnection,
  examineConnections,
  examineInstances,
  examineRequests,
  examineTurningOffs,
  type Page,
} from './examine.ts';
import type { Finding, Limits, RepairDeps } from './finding.ts';
import { examineStrays, examineSync } from './strays.ts';

/** What is looked at, in this order; each but the short ones in pages. */
export const CHAPTERS = ['instances', 'sharing', 'requests', 'connections', 'acts', 'sync', 'strays'] as const;
export type Chapter = (typeof CHAPTERS)[number];

export interface Place {
  chapter: Chapter;
  /** Within the chapter; null at its beginning. */
  after: string | null;
}

const SIZE = 200;
/** A workflow that is just following its row has so long to do it. */
const AGAIN_AFTER_MS = 500;

/**
 * One page of all that can be wrong. What seems to be wrong is looked at twice, so that what was just on its way is not
 * taken for poison.
 */
export async function examinePage(
  deps: RepairDeps,
  limits: Limits,
  place: Place,
): Promise<{ findings: Finding[]; examined: number; next: Place | null }> {
  const page = await pageOf(deps, limits, place);
  const findings = page.findings.length === 0 ? [] : await again(deps, limits, place.chapter, page.findings);
  return { findings, examined: page.examined, next: nextOf(place, page.next) };
}

function nextOf({ chapter }: Place, after: string | null): Place | null {
  if (after !== null) return { chapter, after };
  const next = CHAPTERS[CHAPTERS.indexOf(chapter) + 1];
  return next === undefined ? null : { chapter: next, after: null };
}

async function pageOf(deps: RepairDeps, limits: Limits, { chapter, after }: Place): Promise<Page> {
  switch (chapter) {
    case 'instances':
      return examineInstances(deps);
    case 'sharing':
      return examineTurningOffs(deps, limits);
    case 'requests':
      return examineRequests(deps, limits);
    case 'connections':
      return examineConnections(deps, limits, after, SIZE);
    case 'acts':
      return examineActs(deps, limits, SIZE);
    case 'sync':
      return examineSync(deps, limits, after, SIZE);
    case 'strays':
      return examineStrays(deps, after, SIZE);
  }
}

/** Those of the findings that are found again a moment later. */
async function again(deps: RepairDeps, limits: Limits, chapter: Chapter, first: Finding[]): Promise<Finding[]> {
  await delay(AGAIN_AFTER_MS);
  const still: Finding[] = [];
  for (const one of first) {
    const now = await lookAgain(deps, limits, chapter, one);
    const same = now.find(({ poison, subject }) => poison === one.poison && subject.id === one.subject.id);
    if (same) still.push(same);
  }
  return still;
}

async function lookAgain(deps: RepairDeps, limits: Limits, chapter: Chapter, one: Finding): Promise<Finding[]> {
  if (chapter === 'connections') return examineConnection(deps, limits, one.subject.id);
  if (chapter === 'requests') return (await examineRequests(deps, limits, one.subject.id)).findings;
  return [one];
}
