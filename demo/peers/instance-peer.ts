import { z } from 'zod';
import { accountSuspended, badCredentials } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Caller } from './caller.ts';
import type { CalendarRules } from './contribution-calendar.ts';
import { Contributions, setDaysSchema } from './contributions.ts';
import type { SetDays } from './contributions.ts';
import { instanceControl } from './control.ts';
import { DEMO_OAUTH_APPLICATION, seedInstancePeople } from './demo-people.ts';
import { FaultBoard } from './fault-board.ts';
import { CommonHeaders } from './headers.ts';
import type { Incoming } from './incoming.ts';
import { INSTANCE_ROUTES } from './instance-rest.ts';
import { checkToken, deleteToken } from './oauth-application.ts';
import type { OAuthApplication } from './oauth-application.ts';
import type { CountingPeer, PeerOptions } from './peer.ts';
import { People } from './people.ts';
import { listen } from './peer-server.ts';
import { personSchema } from './person.ts';
import type { Person } from './person.ts';
import { RequestLog } from './request-log.ts';
import { router } from './routes.ts';
import { StateFile } from './state-file.ts';

export interface InstancePeerOptions extends PeerOptions {
  /** Counts follow from it; the same seed gives the same counts. */
  seed?: string;
  people?: Person[];
  version?: string;
  calendarEnds?: CalendarRules['ends'];
  application?: OAuthApplication;
  state?: StateFile;
}

export interface InstancePeer extends CountingPeer {
  readonly application: OAuthApplication;
}

const onApplication = router<{ application: OAuthApplication; people: People }>([
  {
    method: 'POST',
    path: '/api/v3/applications/:client/token',
    handle: (request, { application, people }, { client }) => checkToken(application, people, request, client ?? ''),
  },
  {
    method: 'DELETE',
    path: '/api/v3/applications/:client/token',
    handle: (request, { application, people }, { client }) => deleteToken(application, people, request, client ?? ''),
  },
]);

const onToken = router(INSTANCE_ROUTES);

/** A GitHub Enterprise Server as its public API shows it, with the demo's people, on the loopback address. */
export async function startInstancePeer(options: InstancePeerOptions = {}): Promise<InstancePeer> {
  const { seed = 'demo', version = '3.17.2', now = () => new Date(), application = DEMO_OAUTH_APPLICATION } = options;
  const state = options.state ?? new StateFile(undefined);
  const save = (): void => state.save();
  const people = new People(
    state.part('instancePeople', z.array(personSchema), () => options.people ?? seedInstancePeople()),
    save,
  );
  const days = state.part<SetDays>('days', setDaysSchema, () => ({}));
  const contributions = new Contributions(seed, people, days, now, save);
  const faults = new FaultBoard();
  const requests = new RequestLog();
  const headers = new CommonHeaders(version);
  const ends = options.calendarEnds ?? 'today';
  const graphql = { contributions, find: (login: string) => people.byLogin(login), now, ends };

  const answer = async (request: Incoming, caller: Caller | undefined): Promise<Answer> => {
    if (request.path.startsWith('/api/v3/applications/')) return onApplication(request, { application, people });
    if (caller === undefined) return badCredentials();
    if (caller.person.suspendedAt !== null) return accountSuspended();
    return onToken(request, { people, faults, graphql, version, caller });
  };
  const driven = { people, faults, requests, contributions };
  const control = instanceControl(driven);
  const program = { people, faults, requests, answer, control, headers: (caller?: Caller) => headers.of(caller) };
  const listener = await listen(program, options.port ?? 0);
  return { ...listener, ...driven, application };
}
