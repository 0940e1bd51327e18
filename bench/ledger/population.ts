import { createHash } from 'node:crypto';
import { addDays, type Day } from '../../src/domain/dates.ts';
import type { DayCount } from '../../src/domain/window.ts';
import type { LedgerMessage } from '../../src/ports/ledger.ts';

/** About 24 days with contributions in 90, as an active developer has. */
const ACTIVE_SHARE = 24 / 90;

/** Ids like random UUIDs, the same in each run, in id order as pages take them. */
export function connectionIds(users: number): string[] {
  return Array.from({ length: users }, (_, user) => {
    const hex = createHash('md5').update(`connection ${user}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }).toSorted();
}

/** The days with contributions from `past` days before today to today, the same in each run. */
export function history(id: string, today: Day, fromPast: number, toPast: number): DayCount[] {
  const days: DayCount[] = [];
  for (let past = fromPast; past >= toPast; past -= 1) {
    const random = mix(Number.parseInt(id.slice(0, 8), 16) ^ Math.imul(past + 1, 0x9e3779b1));
    if (random / 2 ** 32 < ACTIVE_SHARE) days.push({ date: dayBefore(today, past), count: 1 + (random % 20) });
  }
  return days;
}

export function message(connectionId: string, days: DayCount[]): LedgerMessage {
  return { connectionId, generation: 1, readNumber: 1, source: 'GitHub Enterprise Server', days };
}

/** Every twentieth connection, another twentieth each hour. */
export function changesOfHour(ids: string[], hour: number): string[] {
  return ids.filter((id) => mix(Number.parseInt(id.slice(0, 8), 16)) % 20 === hour % 20);
}

export function pages<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

const known = new Map<string, Day>();
function dayBefore(today: Day, past: number): Day {
  const key = `${today} ${past}`;
  const day = known.get(key) ?? addDays(today, -past);
  known.set(key, day);
  return day;
}

// The finalizer of MurmurHash3: neighbours give unrelated numbers.
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
