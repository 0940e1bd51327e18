import { describe, expect, test } from '@jest/globals';
import { MACHINE_CLOCK, machineClockReads, machineClockViolations, sqlClockViolations } from './clocks.ts';
import { sourceFiles } from './source-files.ts';

describe('business time is an argument', () => {
  test('no code reads the clock of the machine, but where it is said why', () => {
    expect(sourceFiles('.ts').flatMap(machineClockViolations)).toEqual([]);
  });

  test('no SQL reads the clock of the database, but for technical stamps', () => {
    expect(sourceFiles('.ts', '.sql').flatMap(sqlClockViolations)).toEqual([]);
  });

  test('each place with a reason still reads a clock', () => {
    const reading = sourceFiles('.ts').filter((file) => machineClockReads(file).length > 0);
    for (const place of Object.keys(MACHINE_CLOCK)) {
      expect([place, reading.some(({ path }) => path.startsWith(place))]).toEqual([place, true]);
    }
  });
});

describe('it is a violation', () => {
  test.each([
    'export const at = () => new Date();',
    'export const at = () => new Date().toISOString();',
    'export const at = Date.now();',
    'export const clock = Date.now;',
    'export const at = Date();',
  ])('of the clock of the machine: %s', (text) => {
    expect(machineClockViolations({ path: 'src/db/x.ts', text })).toEqual([
      expect.stringMatching(/^src\/db\/x\.ts:1 /),
    ]);
  });

  test.each([
    ['a deletion by the database’s clock', "export const sql = 'delete from connection where restore_until < now()';"],
    [
      'a business time that SQL makes',
      'export const sql = `update intent set done_at = now() where operation_id = $1`;',
    ],
    ['the standard’s own word', 'export const sql = `select * from receipt where verified_at > CURRENT_TIMESTAMP`;'],
    ['a day of the database’s own', "export const sql = 'select current_date';"],
    ['a time by its name', `export const sql = "select 'now'::timestamptz";`],
    [
      'behind a condition',
      'export const sql = (all: boolean) => `select 1 ${all ? "" : "where asked_at < clock_timestamp()"}`;',
    ],
  ])('of the clock of the database: %s', (_, text) => {
    expect(sqlClockViolations({ path: 'src/db/x.ts', text })).toEqual([expect.stringContaining('src/db/x.ts')]);
  });

  test('in a migration, where a default makes a business time', () => {
    const sql =
      'create table x (\n  asked_at timestamptz not null default now(), -- now() is said here\n  recorded_at timestamptz not null default now()\n);';
    expect(sqlClockViolations({ path: 'src/db/migrations/0009_x.sql', text: sql })).toHaveLength(1);
  });
});

describe('it is none', () => {
  test.each([
    'export const at = (instant: string) => new Date(instant);',
    'export const ms = Date.parse("2027-03-01");',
    '// new Date() and now() are only named here\nexport const clock = (now: () => Date) => now();',
    "export const sql = `select id from connection where recorded_at < now() - interval '1 minute'`;",
  ])('%s', (text) => {
    const file = { path: 'src/db/x.ts', text };
    expect([...machineClockViolations(file), ...sqlClockViolations(file)]).toEqual([]);
  });
});
