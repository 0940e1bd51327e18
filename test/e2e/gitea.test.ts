import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { ok } from '../../demo/story/api.ts';
import { signIn } from '../../demo/story/gitea-sign-in.ts';
import { addUser } from '../../demo/story/gitea-user.ts';
import { total } from '../../demo/story/gitea-work.ts';
import { siteAdmin } from '../../demo/story/people.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { builtGitea } from '../../src/stack/gitea-binary.ts';
import { openBrowser, type Browser, type Person } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { createGiteaWorld, type GiteaWorld } from './gitea-world.ts';
import { apiOf, connects, demoPlace, elsewhere, looks, signsIn, type SignInPlace } from './signing-in.ts';

const binary = builtGitea(cacheFolder());
const where = binary ? 'at a real Gitea' : 'at a real Gitea, which "npm run demo -- --source gitea" has to build first';

(binary ? describe : describe.skip)(where, () => {
  let browser: Browser;
  let here: GiteaWorld;
  const inside: Person[] = [];

  beforeAll(async () => {
    [browser, here] = await Promise.all([openBrowser(), createGiteaWorld(binary!)]);
    const { world } = here;
    world.deps.config.GITHUB_URL = elsewhere(world.github.url);
  }, 120_000);
  afterAll(() => Promise.all([here.close(), browser.close()]), 60_000);
  afterEach(async () => {
    for (const person of inside.splice(0)) await person.leaves();
  });

  const somebody = async () => {
    const person = await browser.person({ script: false });
    inside.push(person);
    return person;
  };
  const github = (key: string): SignInPlace => demoPlace(here.world.github, 'github.com', key);
  const beginsAtGitea = async (person: Person, path: string, button: string) => {
    await person.opens(here.world.url + path);
    await person.fills('Host name of your instance', new URL(here.gitea.url).host);
    await person.presses(button);
  };
  const ledger = async () =>
    (await here.world.pool.query('select date::text as date, count from ledger_day order by 1')).rows;

  const adaSwitchesOn = async () => {
    const { world, gitea, instanceId } = here;
    const ada = await somebody();
    await signsIn(ada, world, here.placeOf(gitea.admin), github('ada'));
    const admin = siteAdmin(apiOf(ada), instanceId);
    expect(ok(await admin.requestsAccess()).status).toBe('approved');
    ok(await admin.enables('instance'));
    ok(await admin.enables('account'));
    return (await admin.sharing()).status;
  };
  let switchedOn: Promise<string> | undefined;
  const sharingIsOn = () => (switchedOn ??= adaSwitchesOn());

  test('its administrator signs in, gets access, and switches sharing on', async () => {
    expect(await sharingIsOn()).toBe('on');
  }, 60_000);

  test('a developer authorizes both accounts, and what she pushed in private is sent after her tick', async () => {
    await sharingIsOn();
    const { world, work, devi } = here;
    const person = await somebody();
    await work.pushes(3);
    const days = await work.days();
    expect(total(days)).toBe(7);
    await connects(person, world, here.placeOf(devi), github('devi'));
    expect(await looks(person)).toEqual(days);
    await person.ticks('Send my contribution counts');
    await person.presses('Start sending');
    await eventually(async () => (await ledger()).length > 0, 'the first counts');
    expect(await ledger()).toEqual(days);
  }, 90_000);

  test('who has agreed once is not asked again, and is the same person', async () => {
    const { world, devi, instanceId } = here;
    const [laptop, phone] = [await somebody(), await somebody()];
    await signsIn(laptop, world, here.placeOf(devi), github('devi'));
    await beginsAtGitea(phone, '/sign-in', 'Sign in at the instance');
    await phone.fills('Username or Email Address', devi.login);
    await phone.fills('Password', devi.password);
    await phone.presses('Sign In');
    expect(phone.at().origin).toBe(world.url);
    await phone.presses('Sign in at GitHub.com');
    await github('devi').authorizes(phone);
    const { userId: sourceUserId, createdAt: sourceCreatedAt } = devi.identity;
    const { identity } = ok(await apiOf(phone).get<{ identity: object }>('/api/v1/me/data'));
    expect(identity).toMatchObject({ instanceId, sourceUserId, sourceCreatedAt });
  }, 90_000);

  test('a connection reads on whenever its developer signs in, or connects again, though Gitea takes only the newest of their refresh tokens', async () => {
    await sharingIsOn();
    const { world, gitea } = here;
    const goran = await addUser(gitea.admin, 'goran-at-gitea');
    const [laptop, phone, tablet] = [await somebody(), await somebody(), await somebody()];
    await connects(laptop, world, here.placeOf(goran), github('goran'));
    const id = laptop.at().pathname.split('/').at(-1);
    const readsOn = async () => {
      await world.pool.query(`update connection_token set expires_at = now() - interval '1 minute'`);
      ok(await apiOf(laptop).get(`/api/v1/connections/${id}/preview`));
    };
    await readsOn();
    await signsIn(phone, world, here.placeOf(goran), github('goran'));
    await readsOn();
    await beginsAtGitea(tablet, '/connect', 'Connect');
    await here.placeOf(goran).authorizes(tablet);
    await tablet.sees('Sign in to the demo GitHub.com');
    await readsOn();
    await github('goran').authorizes(tablet);
    expect(tablet.at().pathname).toBe(`/connections/${id}`);
    await readsOn();
  }, 120_000);

  test('a code that was asked for with somebody else’s proof signs nobody in', async () => {
    const { world, gitea } = here;
    const emil = await addUser(gitea.admin, 'emil-at-gitea');
    const person = await somebody();
    // Whoever would redeem a code of theirs in this browser does not know its proof.
    const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url');
    let isOnTheWay = true;
    await person.isMisledBy((url) => {
      if (!isOnTheWay || !url.searchParams.has('code_challenge')) return undefined;
      url.searchParams.set('code_challenge', challenge);
      return url;
    });
    await beginsAtGitea(person, '/sign-in', 'Sign in at the instance');
    await here.placeOf(emil).authorizes(person);
    await person.sees('sign_in_invalid');
    isOnTheWay = false;
    await signsIn(person, world, here.placeOf(emil), github('emil'));
    await person.sees('at GitHub.com');
  }, 90_000);

  test('the demo’s own sign-in, too, goes on where somebody has agreed before', async () => {
    const { application, gitea } = here;
    const farah = await addUser(gitea.admin, 'farah-at-gitea');
    const { refreshToken } = await signIn(farah, application);
    expect((await signIn(farah, application)).refreshToken).not.toBe(refreshToken);
  }, 60_000);
});
