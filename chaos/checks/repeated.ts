import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../load/caller.ts';
import type { Entry } from '../load/journal.ts';
import type { Outcome, World } from './check.ts';

const SAMPLE = 12;

/** I4: the same key again gives the same answer, of either process, and does nothing. */
export async function checkRepeated({ setting: { pool }, cast, random }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  const callers = new Map<string, Caller>();
  for (const { callers: both } of cast.developers) callers.set(both[0].who, both[0]).set(both[1].who, both[1]);
  for (const { caller } of cast.staff) callers.set(caller.who, caller);
  // Kept answers about a connection go with it.
  const forgotten = new Set(cast.journal.entries.filter(({ act }) => act === 'forget').map(({ who }) => personOf(who)));
  const kept = cast.journal.entries.filter(
    ({ answer, who, act }) => answer && answer.status < 429 && (act === 'forget' || !forgotten.has(personOf(who))),
  );
  const before = await recorded();
  for (let turn = 0; turn < Math.min(SAMPLE, kept.length); turn += 1) {
    const entry = random.pick(kept);
    const again = await callers.get(entry.who)!.repeat(entry, random.between(0, 1));
    outcome.checked += 1;
    if (again && again.status === entry.answer!.status && isDeepStrictEqual(again.body, entry.answer!.body)) continue;
    outcome.violations.push({ expected: 'the same answer to the same key', facts: { ...shown(entry), again } });
  }
  if ((await recorded()) !== before) {
    outcome.violations.push({ expected: 'nothing to be done by a request that was answered', facts: {} });
  }
  return outcome;

  async function recorded(): Promise<number> {
    const { rows } = await pool.query<{ many: number }>(
      `select count(*)::int as many from audit where actor <> 'system'`,
    );
    return rows[0]!.many;
  }
}

const personOf = (who: string) => who.split('/', 1)[0];
const shown = ({ number, act, who, answer }: Entry) => ({ number, act, who, answer });
