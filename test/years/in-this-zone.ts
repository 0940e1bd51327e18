import { readPage } from '../../src/db/sync-pages.ts';
import { writePage } from '../../src/db/count-writes.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { dueAt } from '../../src/domain/business-days.ts';
import { windowAt } from '../../src/domain/window.ts';
import { createDbWorld, removeIn, says } from '../db/db-world.ts';

/** Prints what is a matter of days and instants, as this process and its sessions of PostgreSQL have it, in JSON. */
const DAYS = ['2027-12-31', '2028-01-01', '2028-02-28', '2028-02-29', '2028-03-01'];
const INSTANTS = ['2027-03-28T00:59:59.999Z', '2027-04-03T14:00:00.000Z', '2027-12-31T23:30:00.000Z'];
/** Within the week that follows, clocks change in Europe and in the Pacific. */
const BEFORE_THE_CHANGE = '2027-03-27T20:00:00.000Z';

const world = await createDbWorld();
const [devi, emil] = [await world.sending(), await world.sending()];
const { page, readNumber } = await world.openPage();
const days = DAYS.map((date, at) => ({ date, count: at + 1 }));
await writePage(world.pool, page, readNumber, [
  { message: { ...says(devi, 2, readNumber, 0), days }, openRead: false },
]);
const kept = await world.counts(devi);
const everybody = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10] as const;
const createdAt = (await readPage(world.pool, world.instanceId, ...everybody)).map((one) => one.createdAt);
await inTransaction(world.pool, (tx) => removeIn(tx, 'opt_out', devi, 'opt-out', BEFORE_THE_CHANGE));
await inTransaction(world.pool, (tx) => removeIn(tx, 'forget', emil, 'forget', BEFORE_THE_CHANGE));
const { rows: ends } = await world.pool.query<{ restore_until: Date }>('select restore_until from connection');
const { rows: queue } = await world.pool.query<{ give_up_at: Date }>('select give_up_at from token_revocation');
const { rows: zone } = await world.pool.query<{ TimeZone: string }>('show timezone');
await world.close();

const said = {
  windows: INSTANTS.map((at) => [windowAt(at).from, windowAt(at).to]),
  due: INSTANTS.map((at) => dueAt(at, { businessDays: 2, holidays: [] })),
  kept,
  createdAt,
  ends: ends.map((row) => row.restore_until.toISOString()),
  givesUp: queue.map((row) => row.give_up_at.toISOString()),
};
const zones = [Intl.DateTimeFormat().resolvedOptions().timeZone, zone[0]!.TimeZone];
process.stdout.write(JSON.stringify({ zones, said }));
