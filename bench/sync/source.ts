import { z } from 'zod';
import { FastCalendars } from '../../demo/peers/fast-calendar.ts';
import type { Child } from '../../src/stack/child.ts';
import { startProgram } from '../../src/stack/programs.ts';

const address = z.object({ instance: z.url() });
const state = z.object({ requests: z.int(), round: z.int() });

/** The instance that is read, in a process of its own, and what is true there. */
export interface Source {
  url: string;
  /** From now on this part of the developers, from 0 to 1, has a day with another count. */
  changes(fraction: number): Promise<void>;
  /** How many requests it has answered. */
  requests(): Promise<number>;
  /** A developer's days with contributions, both bounds included. */
  truth(user: number, from: string, to: string): { date: string; count: number }[];
  stop(): Promise<void>;
}

export async function startSource(dataDir: string): Promise<Source> {
  const child = startProgram('instance', 'demo/peers/fast-instance.ts', { dataDir, env: process.env });
  const url = await addressOf(child);
  // What it will say depends on the rounds alone, so that asking it 20,000 times more is not needed to know it.
  const calendars = new FastCalendars();
  return {
    url,
    async changes(fraction) {
      const { round } = await control(url, { changedFraction: fraction });
      if (round !== calendars.nextRound(fraction)) throw new Error('The instance is at another round than expected.');
    },
    requests: async () => (await control(url)).requests,
    truth: (user, from, to) => calendars.truth(user, from, to),
    stop: () => child.stop(),
  };
}

async function addressOf(child: Child): Promise<string> {
  const line = await child.line((text) => text.startsWith('{"instance"'));
  if (line === undefined) throw new Error(`The instance ended before it listened: see ${child.logFile}.`);
  return address.parse(JSON.parse(line)).instance;
}

async function control(url: string, knobs?: { changedFraction: number }): Promise<z.output<typeof state>> {
  const post = { method: 'POST', body: JSON.stringify(knobs) };
  const response = await fetch(`${url}/_demo/bench`, knobs && post);
  return state.parse(await response.json());
}
