import { ledger } from '../../src/db/ledger.ts';
import { parseMessages } from '../../src/db/ledger-message.ts';
import { inTransaction, type Pool } from '../../src/db/pool.ts';
import { addDays } from '../../src/domain/dates.ts';
import { connectionIds, message } from './population.ts';

const ROUNDS = 10;

/** What the strict schema costs beside the whole write of the same page, at few and at all days of the window. */
export async function validation(pool: Pool): Promise<Record<string, Record<string, number>>> {
  const columns: Record<string, Record<string, number>> = {};
  for (const days of [1, 24, 92]) {
    const page = connectionIds(500).map((id) =>
      message(
        id,
        Array.from({ length: days }, (_, at) => ({ date: addDays('2027-08-01', at), count: 1 + at })),
      ),
    );
    let [parse, put] = [0, 0];
    for (let round = -2; round < ROUNDS; round += 1) {
      await pool.query('truncate ledger');
      const started = performance.now();
      parseMessages(page);
      const parsed = performance.now();
      await inTransaction(pool, (tx) => ledger.put(tx, page));
      // the first rounds warm both up
      if (round < 0) continue;
      parse += parsed - started;
      put += performance.now() - parsed;
    }
    columns[`${days} days each`] = {
      'validation: ms': parse / ROUNDS,
      'whole put: ms': put / ROUNDS,
      'share: %': (parse / put) * 100,
    };
  }
  return columns;
}
