import type { Link, Passing } from '../link.ts';
import type { Program } from '../program.ts';
import type { Begun, Fault } from './fault.ts';
import { textOf } from './reading.ts';

/** A moment of the product that can be seen on one of its wires. */
interface Point {
  name: string;
  of: 'a worker' | 'an API process';
  wire: 'toPostgres' | 'toTemporal';
  /** What the program sends just then. */
  says: string;
  /**
   * `before`: what it says never arrives. `committed`: its transaction is committed, and the program never hears of it.
   * `answered`: it arrives, and the program never hears of that. `after`: it arrives, and so may an answer.
   */
  moment: 'before' | 'committed' | 'answered' | 'after';
}

const POINTS: readonly Point[] = [
  ...(['insert into intent', 'insert into connection ', 'sharing_version', 'insert into access_request'] as const).map(
    (says): Point => ({
      name: `an act is accepted and not answered (${says.trim()})`,
      of: 'an API process',
      wire: 'toPostgres',
      says,
      moment: 'committed',
    }),
  ),
  {
    name: 'a key is claimed and the act not begun',
    of: 'an API process',
    wire: 'toPostgres',
    says: 'insert into idempotency',
    moment: 'committed',
  },
  {
    name: 'an act is done and its answer not kept',
    of: 'an API process',
    wire: 'toPostgres',
    says: "update idempotency set state = 'done'",
    moment: 'before',
  },
  {
    name: 'a step is written and not acknowledged',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'insert into audit',
    moment: 'committed',
  },
  {
    name: 'counts are written and not acknowledged',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'merge into ledger',
    moment: 'committed',
  },
  {
    name: 'a page is finished and not acknowledged',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'update sync_page set finished_at',
    moment: 'answered',
  },
  {
    name: 'between fence and delete',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'delete from ledger',
    moment: 'before',
  },
  {
    name: 'between delete and verify',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'delete from ledger',
    moment: 'committed',
  },
  {
    name: 'between verify and receipt',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'insert into receipt',
    moment: 'before',
  },
  {
    name: "between a token's refresh and its storing",
    of: 'a worker',
    wire: 'toPostgres',
    says: 'update connection_token set ciphertext',
    moment: 'before',
  },
  {
    name: 'a refreshed token is stored and not used',
    of: 'a worker',
    wire: 'toPostgres',
    says: 'update connection_token set ciphertext',
    moment: 'answered',
  },
  { name: 'before continue-as-new', of: 'a worker', wire: 'toTemporal', says: '"carried"', moment: 'before' },
  { name: 'after continue-as-new', of: 'a worker', wire: 'toTemporal', says: '"carried"', moment: 'after' },
];

/** Longer than anything that is looked for, so that it is found where two chunks meet. */
const TAIL = 64;
const DOWN_MS = 500;
/** So soon after what it said a program is killed. */
const AFTER_MS = 30;

export const POINT_FAULTS: readonly Fault[] = POINTS.map((point) => ({
  name: point.name,
  weight: point.wire === 'toTemporal' ? 2 : 1,
  begin({ workers, apis }): Begun {
    const programs = point.of === 'a worker' ? workers : apis;
    let reached = false;
    const reach = () => {
      const first = !reached;
      reached = true;
      return first;
    };
    // Armed at all of them: whichever comes there first is killed there.
    const disarm = programs.map(({ program, [point.wire]: link }) => arm(link, program, point, reach));
    const begun: Begun = {
      what: `waits for: ${point.name}`,
      end: () => {
        disarm.forEach((one) => one());
        begun.what = reached ? `${point.of} was killed: ${point.name}` : `not reached: ${point.name}`;
      },
    };
    return begun;
  },
}));

/** @param reach says whether this is the first time. @returns how to disarm it */
function arm(link: Link, program: Program, point: Point, reach: () => boolean): () => void {
  const tails = new Map<number, string>();
  const waiting = new Set<number>();
  const killHere = () => {
    if (!reach()) return true;
    program.kill(DOWN_MS);
    return false;
  };
  return link.watch(({ connection, from, chunk }: Passing) => {
    if (from === 'server') return !waiting.has(connection) || !ends(point, chunk) || killHere();
    const text = (tails.get(connection) ?? '') + textOf(chunk);
    tails.set(connection, text.slice(-TAIL));
    if (!text.includes(point.says)) return true;
    if (point.moment === 'before') return killHere();
    if (point.moment === 'after') setTimeout(killHere, AFTER_MS);
    else waiting.add(connection);
    tails.delete(connection);
    return true;
  });
}

/** PostgreSQL ends each statement with a tag. */
function ends({ moment }: Point, chunk: Buffer): boolean {
  const text = chunk.toString('latin1');
  return moment === 'committed' ? text.includes('COMMIT\0') : /(?:UPDATE|INSERT) \d/.test(text);
}
