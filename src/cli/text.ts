const CONTROL = /\p{Cc}/gu;
const CONTROL_BUT_LINES = /[^\P{Cc}\n]/gu;

/** Free text from elsewhere moves no cursor and colours nothing. */
export function printable(text: string, keepLines = false): string {
  return text.replace(keepLines ? CONTROL_BUT_LINES : CONTROL, ' ');
}

export type Cell = string | number | boolean | null | undefined;

function shown(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return printable(String(cell));
}

/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. `empty` is said where there are no rows. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string {
  if (rows.length === 0) return `${empty}\n`;
  const lines = [headings, ...rows.map((row) => row.map(shown))];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, at) => cell.padEnd(widths[at]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** One fact a line, its name first. */
export function facts(rows: readonly (readonly [name: string, value: Cell])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}\n`).join('');
}

/** A time to the second, in the form that every option of this CLI takes. */
export function when(time: string | null): string | null {
  return time && `${time.slice(0, 19)}Z`;
}
