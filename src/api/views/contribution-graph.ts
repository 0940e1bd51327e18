import { addDays, weekday, type Day } from '../../domain/dates.ts';
import type { Level } from '../../domain/levels.ts';
import { escape } from './escape.ts';

export type Theme = 'light' | 'dark';

export interface GraphSource {
  label: string;
  total: number;
  /** When its counts were last compared, where that has failed for days. */
  asOf: Day | null;
}

/** Everything that the picture shows. */
export interface Graph {
  /** The profile side's name. */
  destination: string;
  /** A Sunday, and the last day of the 53rd week or earlier. */
  from: Day;
  to: Day;
  total: number;
  days: ReadonlyMap<Day, { count: number; level: Level }>;
  sources: readonly GraphSource[];
}

const CELL = 10;
const STEP = 13;
const EDGE = 12;
const LEFT = 44;
const TOP = 62;
const ROW = 17;
const WEEKS = 53;
const WIDTH = LEFT + WEEKS * STEP + EDGE;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const COLORS = {
  light: {
    back: '#ffffff',
    text: '#1f2328',
    muted: '#59636e',
    border: '#d1d9e0',
    edge: '#1f23280d',
    levels: ['#eff2f5', '#aceebb', '#4ac26b', '#2da44e', '#116329'],
  },
  dark: {
    back: '#0d1117',
    text: '#f0f6fc',
    muted: '#9198a1',
    border: '#3d444d',
    edge: '#ffffff0d',
    levels: ['#151b23', '#033a16', '#196c2e', '#2ea043', '#56d364'],
  },
} as const;
type Colors = (typeof COLORS)[Theme];

/** The contribution graph as SVG: 53 weeks of 7 days, Sunday first, with a text alternative. */
export function contributionGraph(graph: Graph, theme: Theme): string {
  const colors = COLORS[theme];
  const under = TOP + 7 * STEP + 8;
  const cardEnds = under + Math.max(1, graph.sources.length) * ROW + 4;
  const height = cardEnds + 22;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="uc-title uc-desc" font-family="-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif" font-size="11">
<title id="uc-title">${escape(headline(graph))}</title>
<desc id="uc-desc">${escape(description(graph))}</desc>
<rect width="100%" height="100%" fill="${colors.back}"/>
<text x="1" y="18" font-size="15" fill="${colors.text}">${escape(headline(graph))}</text>
<rect x="0.5" y="32.5" width="${WIDTH - 1}" height="${cardEnds - 32}" rx="6" fill="none" stroke="${colors.border}"/>
<g fill="${colors.muted}">${monthLabels(graph)}${weekdayLabels()}</g>
<g stroke="${colors.edge}" shape-rendering="geometricPrecision">
${cells(graph, colors)}
</g>
${legend(under, colors)}
${sources(graph, under + 9, colors)}
<text x="1" y="${height - 5}" fill="${colors.muted}">${escape(`This is not the contribution graph of github.com · ${graph.destination}`)}</text>
</svg>
`;
}

const number = new Intl.NumberFormat('en-US');

function headline({ total }: Graph): string {
  return `${number.format(total)} contribution${total === 1 ? '' : 's'} in the last year`;
}

function description({ from, to, days, sources: all }: Graph): string {
  const active = [...days.values()].filter((day) => day.count > 0).length;
  const parts = all.map((source) => `${source.label}: ${number.format(source.total)}`);
  const most = [...days].reduce<[Day, number]>(
    (top, [day, { count }]) => (count > top[1] ? [day, count] : top),
    ['', 0],
  );
  const busiest = most[1] > 0 ? ` The most were ${number.format(most[1])} on ${most[0]}.` : '';
  return `Contribution counts by day from ${from} to ${to}; ${active} day${active === 1 ? '' : 's'} with contributions.${busiest} ${parts.join('; ')}`.trim();
}

/** A month is named over the first week that begins in it, unless the next name would touch it. */
function monthLabels({ from, to }: Graph): string {
  const labels: { week: number; month: string }[] = [];
  let last = '';
  for (let week = 0; week < WEEKS; week += 1) {
    const sunday = addDays(from, week * 7);
    const month = sunday.slice(5, 7);
    if (sunday > to || month === last) continue;
    last = month;
    labels.push({ week, month: MONTHS[Number(month) - 1]! });
  }
  return labels
    .filter(({ week }, at) => (labels[at + 1]?.week ?? WEEKS + 1) - week >= 3)
    .map(({ week, month }) => `<text x="${LEFT + week * STEP}" y="${TOP - 7}">${month}</text>`)
    .join('');
}

function weekdayLabels(): string {
  return ['Mon', 'Wed', 'Fri']
    .map((name, at) => `<text x="${EDGE}" y="${TOP + (at * 2 + 1) * STEP + 9}">${name}</text>`)
    .join('');
}

function cells({ from, to, days }: Graph, colors: Colors): string {
  const drawn: string[] = [];
  for (let day = from, at = 0; day <= to; day = addDays(day, 1), at += 1) {
    const { count, level } = days.get(day) ?? { count: 0, level: 0 };
    const place = `x="${LEFT + Math.floor(at / 7) * STEP}" y="${TOP + weekday(day) * STEP}"`;
    const words = `${count === 0 ? 'No' : number.format(count)} contribution${count === 1 ? '' : 's'} on ${day}`;
    drawn.push(
      `<rect ${place} width="${CELL}" height="${CELL}" rx="2" fill="${colors.levels[level]}"><title>${words}</title></rect>`,
    );
  }
  return drawn.join('\n');
}

function legend(y: number, colors: Colors): string {
  const right = LEFT + WEEKS * STEP - (STEP - CELL);
  const start = right - 32 - 5 * STEP;
  const boxes = colors.levels.map(
    (fill, level) =>
      `<rect x="${start + level * STEP}" y="${y}" width="${CELL}" height="${CELL}" rx="2" fill="${fill}" stroke="${colors.edge}"/>`,
  );
  return `<g fill="${colors.muted}"><text x="${start - 6}" y="${y + 9}" text-anchor="end">Less</text>${boxes.join('')}<text x="${right}" y="${y + 9}" text-anchor="end">More</text></g>`;
}

function sources({ sources: all }: Graph, top: number, colors: Colors): string {
  const rows = all.map((source, at) => {
    const asOf = source.asOf === null ? '' : ` (as of ${source.asOf})`;
    const y = top + at * ROW;
    return `<text x="${LEFT}" y="${y}" fill="${colors.text}">${escape(source.label)}<tspan fill="${colors.muted}"> · ${number.format(source.total)}${escape(asOf)}</tspan></text>`;
  });
  return rows.join('\n');
}
