import { describe, expect, test } from '@jest/globals';
import { array, assert, date, nat, property, record } from 'fast-check';
import { graphOf } from '../../../src/api/profile-model.ts';
import { contributionGraph, type Theme } from '../../../src/api/views/contribution-graph.ts';
import type { PublicSource } from '../../../src/db/profiles.ts';
import { addDays, utcDay, weekday } from '../../../src/domain/dates.ts';

const WEDNESDAY = '2027-03-03';

function draw(days: PublicSource['days'], options: { now?: string; theme?: Theme; destination?: string } = {}): string {
  const { now = WEDNESDAY, theme = 'light', destination = 'Unified Contributions' } = options;
  const source: PublicSource = { label: 'GitHub Enterprise Server', asOf: null, days };
  return contributionGraph(graphOf([source], new Date(`${now}T12:00:00Z`), destination), theme);
}

interface Cell {
  x: number;
  y: number;
  fill: string;
  words: string;
  date: string;
}

/** The squares of days, as they are drawn. */
function cellsOf(svg: string): Cell[] {
  const drawn = svg.matchAll(/<rect x="(\d+)" y="(\d+)" [^>]*fill="(#\w+)"><title>(.*? on (\S+))<\/title>/g);
  return [...drawn].map(([, x, y, fill, words, day]) => ({
    x: Number(x),
    y: Number(y),
    fill: fill!,
    words: words!,
    date: day!,
  }));
}

const textsOf = (svg: string) =>
  [...svg.matchAll(/<text x="(\d+)" y="(\d+)"[^>]*>([^<]*)/g)].map(([, x, y, text]) => ({
    x: Number(x),
    y: Number(y),
    text: text!,
  }));
const MONTH = /^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)$/;

describe('the graph', () => {
  test('is 53 weeks of 7 days, Sunday first, up to today', () => {
    const cells = cellsOf(draw([]));
    expect(new Set(cells.map((cell) => cell.x)).size).toBe(53);
    expect(new Set(cells.map((cell) => cell.y)).size).toBe(7);
    expect(cells[0]!.date).toBe('2026-03-01');
    expect(cells.at(-1)!.date).toBe(WEDNESDAY);
    expect(cells).toHaveLength(52 * 7 + 4);
    const rows = [...new Set(cells.map((cell) => cell.y))].toSorted((a, b) => a - b);
    for (const cell of cells) expect(rows.indexOf(cell.y)).toBe(weekday(cell.date));
  });

  test('names Monday, Wednesday and Friday beside their rows', () => {
    const svg = draw([]);
    const rows = [...new Set(cellsOf(svg).map((cell) => cell.y))].toSorted((a, b) => a - b);
    for (const [name, row] of [
      ['Mon', 1],
      ['Wed', 3],
      ['Fri', 5],
    ] as const) {
      const label = textsOf(svg).find((one) => one.text === name)!;
      expect(label.y).toBeGreaterThan(rows[row]!);
      expect(label.y).toBeLessThan(rows[row]! + 10);
    }
  });

  test('colours a day by its level and says its count in words', () => {
    const counts = [1, 2, 3, 4, 1000].map((count, at) => ({ date: addDays(WEDNESDAY, -at), count }));
    const svg = draw(counts);
    const byDate = new Map(cellsOf(svg).map((cell) => [cell.date, cell]));
    const fills = counts.map(({ date: day }) => byDate.get(day)!.fill);
    const [none] = cellsOf(draw([])).map((cell) => cell.fill);
    expect(new Set([none, ...fills]).size).toBe(5);
    expect(byDate.get(WEDNESDAY)!.words).toBe('1 contribution on 2027-03-03');
    expect(byDate.get(addDays(WEDNESDAY, -1))!.words).toBe('2 contributions on 2027-03-02');
    expect(byDate.get(addDays(WEDNESDAY, -4))!.words).toBe('1,000 contributions on 2027-02-27');
    expect(byDate.get(addDays(WEDNESDAY, -9))!.words).toBe('No contributions on 2027-02-22');
  });

  test('has a legend of the five levels in the order of the days’ own colours', () => {
    for (const theme of ['light', 'dark'] as const) {
      const svg = draw(
        [1, 2, 3, 4].map((count, at) => ({ date: addDays(WEDNESDAY, -at), count })),
        { theme },
      );
      const legend = /Less<\/text>(.*?)<text[^>]*>More/.exec(svg)![1]!;
      const shown = [...legend.matchAll(/fill="(#\w+)"/g)].map(([, fill]) => fill);
      const byDate = new Map(cellsOf(svg).map((cell) => [cell.date, cell.fill]));
      const levels = [9, 0, 1, 2, 3].map((at) => byDate.get(addDays(WEDNESDAY, -at)));
      expect(shown).toEqual(levels);
    }
  });

  test('has a text alternative: a title, and a description with the numbers', () => {
    const svg = draw([
      { date: WEDNESDAY, count: 4 },
      { date: addDays(WEDNESDAY, -1), count: 2 },
    ]);
    expect(svg).toContain('role="img" aria-labelledby="uc-title uc-desc"');
    expect(svg).toContain('<title id="uc-title">6 contributions in the last year</title>');
    expect(svg).toContain(
      '<desc id="uc-desc">Contribution counts by day from 2026-03-01 to 2027-03-03; 2 days with contributions. ' +
        'The most were 4 on 2027-03-03. GitHub Enterprise Server: 6</desc>',
    );
  });

  test('says whose it is, and that it is not github.com’s', () => {
    const svg = draw([], { destination: 'Acme & <Friends>' });
    expect(svg).toContain('This is not the contribution graph of github.com · Acme &amp; &lt;Friends&gt;');
  });

  test('needs nothing from elsewhere and runs nothing', () => {
    expect(draw([]).replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|script|@import|url\(/);
  });
});

test('on any day, with any counts, every label stands apart within the picture and every square has its place', () => {
  const days = array(record({ at: nat(400), count: nat(50) }), { maxLength: 60 });
  const today = date({ min: new Date('2026-01-01'), max: new Date('2032-12-31'), noInvalidDate: true });
  assert(
    property(today, days, (instant, counts) => {
      const now = utcDay(instant.getTime());
      const unique = new Map(counts.map(({ at, count }) => [addDays(now, -at), count + 1]));
      const svg = draw(
        [...unique].map(([day, count]) => ({ date: day, count })),
        { now },
      );
      const width = Number(/ width="(\d+)"/.exec(svg)![1]);
      const cells = cellsOf(svg);
      expect(new Set(cells.map(({ x, y }) => `${x} ${y}`)).size).toBe(cells.length);
      for (const { x } of cells) expect(x + 10).toBeLessThan(width);
      const months = textsOf(svg).filter(({ text }) => MONTH.test(text));
      expect(months.length).toBeGreaterThanOrEqual(11);
      for (const [at, { x }] of months.entries()) {
        expect(x + 24).toBeLessThanOrEqual(months[at + 1]?.x ?? width);
        const named = cells.find((cell) => cell.x === x && weekday(cell.date) === 0)!;
        expect(months[at]!.text).toBe(
          new Date(named.date).toLocaleString('en-US', { month: 'short', timeZone: 'UTC' }),
        );
      }
    }),
    { seed: 20270303, numRuns: 200 },
  );
});
