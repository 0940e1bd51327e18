import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { createApi, ok } from '../../demo/story/api.ts';
import { startGitea, type GiteaServer } from '../../demo/story/gitea-server.ts';
import { registerApplication, type OAuthApplication } from '../../demo/story/gitea-sign-in.ts';
import { accessTokenOf, addUser, type GiteaUser } from '../../demo/story/gitea-user.ts';
import { workOf, type Work } from '../../demo/story/gitea-work.ts';
import { operator } from '../../demo/story/people.ts';
import { createToken } from '../../src/db/api-tokens.ts';
import type { GiteaBinary } from '../../src/stack/gitea-binary.ts';
import { createApiWorld, type ApiWorld } from '../api/api-world.ts';
import { startWork } from '../api/workers.ts';
import type { Person } from '../support/browser.ts';
import type { SignInPlace } from './signing-in.ts';

/** As Gitea has it unless it is told otherwise: nothing here waits for a token's end. */
const TOKEN_SECONDS = 3600;

/** The built API and a real Gitea, which is registered and knows the product as an application. */
export interface GiteaWorld {
  world: ApiWorld;
  gitea: GiteaServer;
  instanceId: string;
  application: OAuthApplication;
  /** The developer, and what she does there. */
  devi: GiteaUser;
  work: Work;
  /** Gitea, as one of its people meets its pages. */
  placeOf(user: GiteaUser): SignInPlace;
  close(): Promise<void>;
}

export async function createGiteaWorld(binary: GiteaBinary): Promise<GiteaWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'uc-e2e-'));
  const [world, gitea] = await Promise.all([
    createApiWorld({ CONNECT_BY_TOKEN: 'false' }),
    startGitea(binary, folder, { tokenSeconds: TOKEN_SECONDS, adminLogin: 'ada-at-gitea' }),
  ]);
  const stopWork = await startWork(world);
  const devi = await addUser(gitea.admin, 'devi-at-gitea');
  const workFolder = join(folder, 'work');
  mkdirSync(workFolder);
  return {
    world,
    gitea,
    ...(await register(world, gitea)),
    devi,
    work: workOf(devi, workFolder),
    placeOf: (user) => giteaPlace(gitea, user),
    async close() {
      await stopWork();
      await Promise.all([world.close(), gitea.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The instance comes first: its id is in the address that Gitea's application leads back to. */
async function register({ url, pool }: ApiWorld, gitea: GiteaServer) {
  const owner = { role: 'operator' } as const;
  const { token } = await createToken(pool, { name: 'of Gitea', owner, actor: 'test', at: new Date() });
  const api = createApi(url, token);
  const act = operator(api);
  const accountId = await act.registersAccount('organization', 'acme', DEMO_TOKENS.installation('acme'));
  await act.recordsTerms(accountId, 'standard');
  const credential = await accessTokenOf(gitea.admin);
  const hostname = new URL(gitea.url).host;
  const instanceId = await act.registersInstance({
    hostname,
    kind: 'gitea',
    baseUrl: gitea.url,
    accountId,
    credential,
  });
  await act.recordsConnect(instanceId, true);
  const application = await registerApplication(gitea.admin, `${url}/sign-in/callback/instances/${instanceId}`);
  const { clientId, clientSecret } = application;
  ok(await api.put(`/api/v1/instances/${instanceId}/credentials`, { oauth: { clientId, clientSecret } }));
  return { instanceId, application };
}

function giteaPlace({ url }: GiteaServer, { login, password }: GiteaUser): SignInPlace {
  const { host: hostname, origin } = new URL(url);
  return { hostname, origin, authorizes: (person) => authorizes(person, origin, { login, password }) };
}

/** Gitea's own pages. They ask for consent once. */
async function authorizes(person: Person, origin: string, { login, password }: Pick<GiteaUser, 'login' | 'password'>) {
  if (person.at().href.startsWith(`${origin}/user/login`)) {
    await person.fills('Username or Email Address', login);
    await person.fills('Password', password);
    await person.presses('Sign In');
  }
  if (person.at().origin === origin) await person.presses('Authorize Application');
}
