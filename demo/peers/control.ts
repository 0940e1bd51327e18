import { z } from 'zod';
import { json, noContent } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Contributions } from './contributions.ts';
import type { FaultBoard } from './fault-board.ts';
import { aimSchema, faultSchema } from './fault-kinds.ts';
import type { Hold } from './hold.ts';
import type { Incoming } from './incoming.ts';
import type { OAuthSettings } from './oauth-provider.ts';
import type { People } from './people.ts';
import { personSchema } from './person.ts';
import type { RequestLog } from './request-log.ts';
import { router } from './routes.ts';
import type { Route } from './routes.ts';

export interface Driven {
  people: People;
  faults: FaultBoard;
  requests: RequestLog;
}

export interface DrivenInstance extends Driven {
  contributions: Contributions;
}

type Control = (request: Incoming) => Promise<Answer>;

const changesSchema = personSchema.partial().required({ key: true });

const daySchema = z.strictObject({
  who: z.string(),
  date: z.iso.date(),
  count: z.number().int().min(0),
  restricted: z.number().int().min(0).optional(),
});

function controlRoutes({ people, faults, requests }: Driven): Route<undefined>[] {
  const holds = new Map<number, Hold>();
  const held = (parts: Readonly<Record<string, string>>): Hold => {
    const hold = holds.get(Number(parts['id']));
    if (hold === undefined) throw new Error('no such hold');
    return hold;
  };
  return [
    { method: 'GET', path: '/_demo/people', handle: () => json(200, people.all()) },
    {
      method: 'POST',
      path: '/_demo/people',
      handle: ({ json: body }) => json(200, putPerson(people, body)),
    },
    { method: 'GET', path: '/_demo/faults', handle: () => json(200, faults.active()) },
    {
      method: 'POST',
      path: '/_demo/faults',
      handle: ({ json: body }) => {
        const { fault, ...aim } = aimSchema.extend({ fault: faultSchema }).parse(body);
        return json(201, { id: faults.add(fault, aim) });
      },
    },
    {
      method: 'DELETE',
      path: '/_demo/faults',
      handle: () => {
        faults.clear();
        return noContent();
      },
    },
    {
      method: 'DELETE',
      path: '/_demo/faults/:id',
      handle: (_request, _context, parts) => {
        faults.remove(Number(parts['id']));
        return noContent();
      },
    },
    {
      method: 'POST',
      path: '/_demo/holds',
      handle: ({ json: body }) => {
        const { at, ...aim } = aimSchema.extend({ at: z.enum(['arrival', 'answer']).default('answer') }).parse(body);
        const id = holds.size + 1;
        holds.set(id, faults.hold(aim, at));
        return json(201, { id });
      },
    },
    {
      method: 'GET',
      path: '/_demo/holds/:id/waiting',
      handle: async ({ query }, _context, parts) =>
        json(200, await held(parts).waiting(Number(query.get('count') ?? 1))),
    },
    {
      method: 'POST',
      path: '/_demo/holds/:id/release',
      handle: (_request, _context, parts) => {
        held(parts).release();
        return noContent();
      },
    },
    {
      method: 'GET',
      path: '/_demo/requests',
      handle: ({ query }) => {
        const who = query.get('who');
        return json(200, who === null ? requests.all() : requests.by(who));
      },
    },
    {
      method: 'DELETE',
      path: '/_demo/requests',
      handle: () => {
        requests.clear();
        return noContent();
      },
    },
  ];
}

function putPerson(people: People, body: unknown) {
  const { key, ...given } = changesSchema.parse(body);
  const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (people.all().some((person) => person.key === key)) return people.change(key, changes);
  const { id, login, ...rest } = z.object({ id: z.number(), login: z.string() }).loose().parse(changes);
  return people.add({ key, id, login, ...rest });
}

function contributionRoutes({ contributions }: DrivenInstance): Route<undefined>[] {
  return [
    {
      method: 'GET',
      path: '/_demo/contributions',
      handle: ({ query }) => {
        const asked = z
          .object({ who: z.string(), from: z.iso.date(), to: z.iso.date() })
          .parse(Object.fromEntries(query));
        return json(200, contributions.between(asked.who, asked.from, asked.to));
      },
    },
    {
      method: 'POST',
      path: '/_demo/contributions',
      handle: ({ json: body }) => {
        const days = z.union([daySchema.transform((day) => [day]), z.array(daySchema)]).parse(body);
        for (const day of days) contributions.set(day.who, day.date, day.count, day.restricted);
        return noContent();
      },
    },
  ];
}

/** A wrong body or name answers 400 and says what is wrong; these words are for people at a keyboard. */
function guarded(routes: readonly Route<undefined>[]): Control {
  const answer = router(routes);
  return async (request) => {
    try {
      return await answer(request, undefined);
    } catch (error) {
      const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      return json(400, { message });
    }
  };
}

export function peerControl(driven: Driven, more: readonly Route<undefined>[] = []): Control {
  return guarded([...controlRoutes(driven), ...more]);
}

export function instanceControl(driven: DrivenInstance, oauth: OAuthSettings): Control {
  return peerControl(driven, [...contributionRoutes(driven), oauthRoute(oauth)]);
}

const oauthSchema = z.strictObject({ verifiesPkce: z.boolean() });

function oauthRoute(oauth: OAuthSettings): Route<undefined> {
  const handle = ({ json: body }: Incoming): Answer => json(200, Object.assign(oauth, oauthSchema.parse(body)));
  return { method: 'POST', path: '/_demo/oauth', handle };
}
