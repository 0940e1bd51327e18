import type { Command } from 'commander';
import { limit, LIMIT } from './arguments.ts';

export interface PageOptions {
  limit: number;
  after?: string;
}

export function pageOptions(command: Command, fallback = LIMIT.fallback): Command {
  return command
    .option('--limit <number>', `how many at the most, up to ${LIMIT.most}`, limit, fallback)
    .option('--after <place>', 'go on where the page before said that there is more');
}

/** What to add to the command for the next page, where there is one. */
export function withMore(next: string | undefined, text: string): string {
  return next === undefined ? text : `${text}There is more: add --after ${next}\n`;
}
