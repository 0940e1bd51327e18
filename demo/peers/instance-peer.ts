import { z } from 'zod';
import { accountSuspended, badCredentials } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Caller } from './caller.ts';
import type { CalendarRules } from './contribution-calendar.ts';
import { Contributions, setDaysSchema } from './contributions.ts';
import type { SetDays } from './contributions.ts';
import { instanceControl } from './control.ts';
import { DEMO_OAUTH_APPLICATION, DEMO_REGISTRATION, seedInstancePeople } from './demo-people.ts';
import { FaultBoard } from './fault-board.ts';
import type { Fault } from './fault-kinds.ts';
import { CommonHeaders } from './headers.ts';
import type { Incoming } from './incoming.ts';
import { INSTANCE_ROUTES } from './instance-rest.ts';
import type { OAuthApplication } from './oauth-application.ts';
import { Grants, grantsSchema } from './oauth-grants.ts';
import { createOAuthProvider } from './oauth-provider.ts';
import type { OAuthSettings } from './oauth-provider.ts';
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
  /** False plays an older version, which ignores PKCE. */
  verifiesPkce?: boolean;
  state?: StateFile;
}

export interface InstancePeer extends CountingPeer {
  readonly application: OAuthApplication;
  readonly oauth: OAuthSettings;
}

const APPLICATION = { ...DEMO_OAUTH_APPLICATION, ...DEMO_REGISTRATION };

const onToken = router(INSTANCE_ROUTES);

/** A GitHub Enterprise Server as its public API shows it, with the demo's people, on the loopback address. */
export async function startInstancePeer(options: InstancePeerOptions = {}): Promise<InstancePeer> {
  const { seed = 'demo', version = '3.17.2', now = () => new Date(), application = APPLICATION } = options;
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

  const oauth = { verifiesPkce: options.verifiesPkce ?? true };
  const grants = new Grants(
    state.part('instanceGrants', grantsSchema, () => []),
    save,
  );
  const registered = { application, people, grants, settings: oauth, now };
  const provider = createOAuthProvider({ title: 'the demo instance', apiBase: '/api/v3', ...registered });

  const answer = async (request: Incoming, caller: Caller | undefined, met: readonly Fault[]): Promise<Answer> => {
    if (provider.serves(request.path)) return provider.answer(request, met);
    if (caller === undefined) return badCredentials();
    if (caller.person.suspendedAt !== null) return accountSuspended();
    return onToken(request, { people, faults, graphql, version, caller });
  };
  const driven = { people, faults, requests, contributions };
  const control = instanceControl(driven, oauth);
  const { whoComes } = provider;
  const shown = (caller?: Caller) => headers.of(caller);
  const program = { people, faults, requests, answer, whoComes, control, headers: shown };
  const listener = await listen(program, options.port ?? 0);
  return { ...listener, ...driven, application, oauth };
}
