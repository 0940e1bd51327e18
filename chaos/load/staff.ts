import type { AccessRequest, Sharing } from '../../demo/story/people.ts';
import type { Random } from '../random.ts';
import type { Caller } from './caller.ts';
import { isAccepted, type Entry } from './journal.ts';

type Asked = Pick<Entry, 'act' | 'method' | 'path' | 'body'>;

/** Somebody whose acts follow from what they read. */
export interface Staff {
  name: string;
  caller: Caller;
  /** One act; one without an answer is insisted on before the next. */
  act(random: Random): Promise<void>;
  open: Entry | undefined;
}

interface Habit {
  /** What they do now, or undefined. */
  choose: (random: Random) => Promise<Asked | undefined>;
  /** What they learn from an answer. */
  learn?: (entry: Entry) => void;
}

function member(name: string, caller: Caller, { choose, learn }: Habit): Staff {
  const self: Staff = {
    name,
    caller,
    open: undefined,
    async act(random) {
      if (self.open) {
        if (!(await caller.again(self.open, random.between(0, 1)))) return;
        learn?.(self.open);
        self.open = undefined;
        return;
      }
      const asked = await choose(random);
      if (!asked) return;
      const entry = await caller.ask(random, asked);
      if (entry.answer) learn?.(entry);
      else self.open = entry;
    },
  };
  return self;
}

const post = (act: string, path: string, body: object = {}): Asked => ({ act, method: 'POST', path, body });

/** Starts runs. */
export function operatorMember(caller: Caller): Staff {
  return member('operator', caller, {
    choose: async (random) => (random.chance(0.4) ? undefined : post('trigger', '/api/v1/sync/trigger')),
  });
}

/** Turns sharing off now and then, and on again whenever it may. */
export function siteAdminMember(caller: Caller, instanceId: string): Staff {
  const path = `/api/v1/instances/${instanceId}/sharing`;
  const turn = (side: 'instance' | 'account', enabled: boolean): Asked => ({
    act: `${enabled ? 'enable' : 'disable'} the ${side}'s side`,
    method: 'PUT',
    path: `${path}/${side}-side`,
    body: { enabled },
  });
  return member('site admin', caller, {
    async choose(random) {
      const status = await sharingStatus(caller, random, path);
      if (status === undefined || status === 'turning_off') return undefined;
      if (status === 'on' && !random.chance(0.08)) return undefined;
      return turn(random.pick(['instance', 'account']), status !== 'on');
    },
  });
}

/** Asks for access where somebody has to decide, answers, nudges and sometimes withdraws. */
export function requesterMember(caller: Caller, instanceId: string): Staff {
  const PATH = '/api/v1/access-requests';
  let requestId: string | undefined;
  return member('requester', caller, {
    async choose(random) {
      if (requestId === undefined) return post('request access', PATH, { instanceId });
      const reply = await caller.read(random.between(0, 1), `${PATH}/${requestId}`);
      if (reply?.status !== 200) return undefined;
      const { status, informationAsked } = reply.body as AccessRequest;
      if (status === 'checking') return undefined;
      if (status !== 'logged' && status !== 'contacted') return post('request access', PATH, { instanceId });
      const own = `${PATH}/${requestId}`;
      if (informationAsked) return post('give information', `${own}/information`, { note: 'Here it is.' });
      return random.chance(0.15) ? post('withdraw', `${own}/withdraw`) : post('nudge', `${own}/nudge`);
    },
    learn(entry) {
      if (entry.act !== 'request access') return;
      const { id, facts } = entry.answer!.body as { id?: string; facts?: { requestId?: string } };
      requestId = (isAccepted(entry) ? id : facts?.requestId) ?? requestId;
    },
  });
}

/** Claims, contacts, asks and decides; what was approved is taken away again, so that it can be asked for anew. */
export function supportMember(caller: Caller, instanceId: string): Staff {
  const note = 'A note.';
  const instance = `/api/v1/instances/${instanceId}`;
  return member('support', caller, {
    async choose(random) {
      const reply = await caller.read(random.between(0, 1), '/api/v1/access-requests');
      if (reply?.status !== 200) return undefined;
      const { items } = reply.body as { items: AccessRequest[] };
      if (items.length > 0) return handle(random.pick(items), random);
      const status = await sharingStatus(caller, random, `${instance}/sharing`);
      return status === 'available' ? post('revoke', `${instance}/revoke`, { note }) : undefined;
    },
  });

  function handle({ id, handler, status, informationAsked }: AccessRequest, random: Random): Asked {
    const path = `/api/v1/access-requests/${id}`;
    if (handler === null) return post('claim', `${path}/claim`);
    if (status === 'logged') return post('log a contact', `${path}/contacts`, { note });
    if (!informationAsked && random.chance(0.3)) {
      return post('ask for information', `${path}/information-requests`, { note });
    }
    return random.chance(0.5) ? post('approve', `${path}/approve`, { note }) : post('deny', `${path}/deny`, { note });
  }
}

async function sharingStatus(caller: Caller, random: Random, path: string): Promise<Sharing['status'] | undefined> {
  const reply = await caller.read(random.between(0, 1), path);
  return reply?.status === 200 ? (reply.body as Sharing).status : undefined;
}
