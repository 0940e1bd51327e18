import { z } from 'zod';
import { Accounts, accountsSchema, seedAccounts } from './accounts.ts';
import { accountControl } from './account-control.ts';
import { accountSuspended, badCredentials } from './answer.ts';
import type { Answer } from './answer.ts';
import { tokenIn } from './caller.ts';
import type { Caller } from './caller.ts';
import { peerControl } from './control.ts';
import { DEMO_GITHUB_APPLICATION, DEMO_REGISTRATION, seedGitHubPeople } from './demo-people.ts';
import { FaultBoard } from './fault-board.ts';
import type { Fault } from './fault-kinds.ts';
import { GITHUB_ROUTES } from './github-rest.ts';
import { CommonHeaders } from './headers.ts';
import type { Incoming } from './incoming.ts';
import type { OAuthApplication } from './oauth-application.ts';
import { Grants, grantsSchema } from './oauth-grants.ts';
import { createOAuthProvider } from './oauth-provider.ts';
import type { Peer, PeerOptions } from './peer.ts';
import { listen } from './peer-server.ts';
import { People } from './people.ts';
import { personSchema } from './person.ts';
import type { Person } from './person.ts';
import { RequestLog } from './request-log.ts';
import { router } from './routes.ts';
import { StateFile } from './state-file.ts';

export interface GitHubPeerOptions extends PeerOptions {
  people?: Person[];
  /** As the enterprise account knows the instance. */
  instanceHostName?: string;
  application?: OAuthApplication;
  state?: StateFile;
  /** Peers that can be taken down and brought up at `/_demo/peers/:name/down` and `/up`. */
  siblings?: Readonly<Record<string, Pick<Peer, 'goDown' | 'comeUp'>>>;
}

export interface GitHubPeer extends Peer {
  readonly accounts: Accounts;
  readonly application: OAuthApplication;
}

export const DEMO_INSTANCE_HOST_NAME = 'ghes.acme.example';

const APPLICATION = { ...DEMO_GITHUB_APPLICATION, ...DEMO_REGISTRATION };

const route = router(GITHUB_ROUTES);

/** GitHub.com as its public API shows it, with the demo's people and accounts, on the loopback address. */
export async function startGitHubPeer(options: GitHubPeerOptions = {}): Promise<GitHubPeer> {
  const { instanceHostName = DEMO_INSTANCE_HOST_NAME, state = new StateFile(undefined), siblings = {} } = options;
  const { application = APPLICATION, now = () => new Date() } = options;
  const save = (): void => state.save();
  const seedPeople = (): Person[] => options.people ?? seedGitHubPeople();
  const people = new People(state.part('gitHubPeople', z.array(personSchema), seedPeople), save);
  const seeded = state.part('accounts', accountsSchema, () => seedAccounts(instanceHostName));
  const accounts = new Accounts(seeded, save);
  const faults = new FaultBoard();
  const requests = new RequestLog();
  const headers = new CommonHeaders();

  const grants = new Grants(
    state.part('gitHubGrants', grantsSchema, () => []),
    save,
  );
  const registered = { application, people, grants, settings: { verifiesPkce: true }, now };
  const provider = createOAuthProvider({ title: 'the demo GitHub.com', apiBase: '', ...registered });

  const answer = async (request: Incoming, caller: Caller | undefined, met: readonly Fault[]): Promise<Answer> => {
    if (provider.serves(request.path)) return provider.answer(request, met);
    const installation = accounts.byInstallationToken(tokenIn(request.headers));
    if (caller === undefined && installation === undefined) return badCredentials();
    if (caller !== undefined && caller.person.suspendedAt !== null) return accountSuspended();
    return route(request, { people, faults, accounts, caller, installation });
  };
  const driven = { people, faults, requests };
  const control = peerControl(driven, accountControl(accounts, siblings));
  const { whoComes } = provider;
  const program = { ...driven, answer, whoComes, control, headers: (caller?: Caller) => headers.of(caller) };
  const listener = await listen(program, options.port ?? 0);
  return { ...listener, ...driven, accounts, application };
}
