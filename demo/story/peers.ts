import type { LoggedRequest } from '../peers/request-log.ts';
import type { FaultInput } from '../peers/fault-kinds.ts';
import type { Person } from '../peers/person.ts';
import { windowAt, type DayCount } from '../../src/domain/window.ts';

type Aim = { who?: string; path?: string; times?: number };

/** Holds requests at a peer until they are let go. */
interface Hold {
  waiting(count?: number): Promise<void>;
  release(): Promise<void>;
}

/** A demo peer's control path: what is true there, and what goes wrong there. */
export interface Peer {
  url: string;
  people(): Promise<Person[]>;
  requests(): Promise<LoggedRequest[]>;
  fault(fault: FaultInput, aim?: Aim): Promise<void>;
  hold(aim: Aim, at?: 'arrival' | 'answer'): Promise<Hold>;
  tell(path: string, body: object): Promise<void>;
  /** What the source says for the window of that instant; days without contributions left out. */
  window(key: string, instant: string | Date): Promise<DayCount[]>;
  /** The same for any days, both bounds included. */
  truth(key: string, from: string, to: string): Promise<DayCount[]>;
  /** Ends every fault and lets every held request go. */
  calms(): Promise<void>;
  sets(who: string, date: string, count: number): Promise<void>;
}

export function peerAt(url: string): Peer {
  const ask = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
    const response = await fetch(`${url}/_demo/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`The demo peer answered ${response.status} to ${method} ${path}: ${text}`);
    return JSON.parse(text === '' ? 'null' : text);
  };
  const tell = async (path: string, body: object) => void (await ask('POST', path, body));
  return {
    url,
    people: () => ask('GET', 'people'),
    requests: () => ask('GET', 'requests'),
    fault: (fault, aim = {}) => tell('faults', { fault, ...aim }),
    async hold(aim, at = 'answer') {
      const { id } = await ask<{ id: number }>('POST', 'holds', { ...aim, at });
      return {
        waiting: async (count = 1) => void (await ask('GET', `holds/${id}/waiting?count=${count}`)),
        release: () => tell(`holds/${id}/release`, {}),
      };
    },
    tell,
    window(key, instant) {
      const { from, to } = windowAt(new Date(instant).toISOString());
      return this.truth(key, from, to);
    },
    truth: (key, from, to) => ask('GET', `contributions?who=${key}&from=${from}&to=${to}`),
    calms: async () => void (await ask('DELETE', 'faults')),
    sets: (who, date, count) => tell('contributions', { who, date, count }),
  };
}
