import type { Connection } from '../../demo/story/people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import type { Random } from '../random.ts';
import type { Caller } from './caller.ts';
import type { Entry } from './journal.ts';
import { isAccepted } from './journal.ts';

/**
 * What follows, for a developer's connection, from what they were told last. `unknown`: a request of theirs has no answer,
 * or several may have crossed.
 */
export type Told = 'nothing' | 'connected' | 'sending' | 'moved' | 'stopped' | 'forgotten' | 'unknown';

/** A developer: one user of an instance, and two accounts of GitHub.com, each with its profile, to move between. */
export interface Developer {
  key: string;
  instanceId: string;
  sourceUserId: number;
  githubUserIds: readonly [number, number];
  callers: readonly [Caller, Caller];
  /** A token at the source, as a sign-in there gives it. */
  authorizes(): Promise<object>;
  /** Which of the two accounts they use. */
  uses: 0 | 1;
  connectionId: string | undefined;
  told: Told;
  /** When they sent what they were told about. */
  toldAt: number;
  /** Until then what they are told may be overtaken by a request whose answer they did not wait for. */
  unsureUntil: number;
  /** A request without an answer that they insist on. */
  open: { entry: Entry; caller: Caller; learn: (entry: Entry) => void } | undefined;
}

export interface DeveloperAct {
  name: string;
  /** How likely, beside the others. */
  weight: number;
  /** What they see of their connection before they act: undefined where there is none. */
  when(seen: Connection | undefined, developer: Developer): boolean;
  request(
    developer: Developer,
  ): Pick<Entry, 'method' | 'path' | 'body'> | Promise<Pick<Entry, 'method' | 'path' | 'body'>>;
  /** Which of the two accounts sends it. */
  as?(developer: Developer): 0 | 1;
  /** What they know after it was accepted with this answer. */
  told(developer: Developer, entry: Entry): Told;
  /** 202 says then that it is asked, and not yet that it is so. */
  answeredByWorkflow?: true;
  /** What the next read may show after that. */
  shows?: readonly Connection['status'][];
}

const pathOf = ({ connectionId }: Developer, name: string) => `/api/v1/connections/${connectionId}/${name}`;
const post = (path: string, body: object = {}) => ({ method: 'POST' as const, path, body });
/** Whatever was accepted, the gate may close a moment later. */
const OFF = ['removing', 'restorable', 'ended'] as const;

/** A new act of developers is a row here. */
export const DEVELOPER_ACTS: readonly DeveloperAct[] = [
  {
    name: 'connect',
    weight: 10,
    when: (seen) => seen === undefined,
    request: async (developer) =>
      post('/api/v1/connections', { instanceId: developer.instanceId, ...(await developer.authorizes()) }),
    told(developer, { answer }) {
      developer.connectionId = (answer!.body as Connection).id;
      return 'connected';
    },
    shows: ['connecting', 'connected', ...OFF],
  },
  {
    name: 'send',
    weight: 10,
    when: (seen) => seen?.status === 'connected',
    request: (developer) => post(pathOf(developer, 'send'), { consentVersion: CONSENT_VERSION }),
    told: () => 'sending',
    answeredByWorkflow: true,
    shows: ['sending', ...OFF],
  },
  {
    name: 'update now',
    weight: 3,
    when: (seen) => seen?.status === 'sending',
    request: (developer) => post(pathOf(developer, 'update')),
    told: ({ told }) => told,
  },
  {
    name: 'show the profile',
    weight: 1,
    when: (seen) => seen?.status === 'sending',
    request: () => ({ method: 'PUT', path: '/api/v1/me/profile', body: { visibility: 'public' } }),
    told: ({ told }) => told,
  },
  {
    name: 'opt out',
    weight: 2,
    when: (seen) => seen !== undefined && ['connecting', 'connected', 'sending', 'restoring'].includes(seen.status),
    request: (developer) => post(pathOf(developer, 'opt-out')),
    told: () => 'stopped',
    shows: OFF,
  },
  {
    name: 'reconnect',
    weight: 8,
    when: (seen) => seen?.status === 'restorable' && seen.instance.sharing === 'on',
    request: (developer) => post(pathOf(developer, 'reconnect')),
    told(_, { answer }) {
      if (answer!.status !== 200) return 'unknown';
      return (answer!.body as Connection).consentVersion === null ? 'connected' : 'sending';
    },
    answeredByWorkflow: true,
    shows: ['connected', 'restoring', 'sending', ...OFF],
  },
  {
    name: 'move',
    weight: 1.5,
    when: (seen) => seen?.status === 'sending' && seen.instance.sharing === 'on',
    as: ({ uses }) => (uses === 0 ? 1 : 0),
    request: (developer) => post(pathOf(developer, 'move'), { consentVersion: CONSENT_VERSION }),
    told(developer) {
      developer.uses = developer.uses === 0 ? 1 : 0;
      return 'moved';
    },
    shows: ['removing', 'restorable', 'restoring', 'sending', 'ended'],
  },
  {
    name: 'forget',
    weight: 0.7,
    when: (seen) => seen !== undefined,
    request: (developer) => post(pathOf(developer, 'forget')),
    told: () => 'forgotten',
  },
];

/** Not everybody insists on an answer; then the product alone has to bring about what it accepted. */
const GIVES_UP = 0.4;
/** So long what nobody waits for any more may still happen, after whatever is asked next. */
const MAY_COME_WITHIN_MS = 90_000;
/** To look and to let it be is as likely as acts of this weight. */
const LETS_IT_BE = 6;

/** One act of a developer, by what they see, and what they learn from its answer. */
export async function act(developer: Developer, random: Random, complain: (what: string, facts: object) => void) {
  if (developer.open && !(await insist(developer, random))) return;
  const seen = await look(developer, random);
  if (seen === 'nothing') return;
  const possible = DEVELOPER_ACTS.filter((one) => one.when(seen, developer));
  const chosen = random.weighted([...possible, { weight: LETS_IT_BE }]);
  if (!('request' in chosen)) return;
  const caller = developer.callers[chosen.as?.(developer) ?? developer.uses];
  const entry = await caller.ask(random, { act: chosen.name, ...(await chosen.request(developer)) });
  const learn = (answered: Entry) => {
    if (!isAccepted(answered)) return;
    developer.told = chosen.told(developer, answered);
    developer.toldAt = answered.sentAt;
  };
  if (entry.answer) {
    learn(entry);
    const isSo = isAccepted(entry) && !(chosen.answeredByWorkflow && entry.answer.status === 202);
    if (isSo && chosen.shows) await readBack(developer, chosen.shows, entry, random, complain);
  } else {
    developer.told = 'unknown';
    if (random.chance(GIVES_UP)) {
      caller.giveUp(entry);
      developer.unsureUntil = Date.now() + MAY_COME_WITHIN_MS;
    } else {
      developer.open = { entry, caller, learn };
    }
  }
}

/** @returns whether it is answered by now */
export async function insist(developer: Developer, random: Random): Promise<boolean> {
  const { entry, caller, learn } = developer.open!;
  if (!(await caller.again(entry, random.between(0, 1)))) return false;
  developer.open = undefined;
  learn(entry);
  return true;
}

/** @returns `nothing` where they cannot see */
async function look(developer: Developer, random: Random): Promise<Connection | undefined | 'nothing'> {
  const caller = developer.callers[developer.uses];
  const reply = await caller.read(random.between(0, 1), '/api/v1/connections');
  if (reply?.status !== 200) return 'nothing';
  const [seen] = (reply.body as { items: Connection[] }).items;
  developer.connectionId = seen?.id ?? developer.connectionId;
  return seen;
}

/** After an answer of one process the caller's next read, of any process, shows what was accepted. */
async function readBack(
  developer: Developer,
  shows: readonly string[],
  entry: Entry,
  random: Random,
  complain: (what: string, facts: object) => void,
): Promise<void> {
  const caller = developer.callers[developer.uses];
  const reply = await caller.read(random.between(0, 1), `/api/v1/connections/${developer.connectionId}`);
  // Its window to come back may have ended since.
  if (!reply || reply.status === 404) return;
  const { status } = reply.body as Connection;
  if (shows.includes(status)) return;
  const { number, act: acted } = entry;
  complain('the next read to show what was accepted', { number, acted, shows, status });
}
