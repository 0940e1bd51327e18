import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEMO_STAFF_CLIENT, SUPPORT_GROUP } from '../../demo/peers/staff-accounts.ts';
import { startStaffIssuer, type StaffIssuer } from '../../demo/peers/staff-issuer.ts';
import { ok } from '../../demo/story/api.ts';
import { siteAdmin } from '../../demo/story/people.ts';
import { createApiWorld, type ApiWorld } from '../api/api-world.ts';
import { startWork } from '../api/workers.ts';
import { openBrowser, type Browser, type Person } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { apiOf, connects, demoPlace, elsewhere, looks, signsIn, type SignInPlace } from './signing-in.ts';

const HOSTNAME = 'ghes.acme.example';

let browser: Browser;
let issuer: StaffIssuer;
let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
const inside: Person[] = [];

beforeAll(async () => {
  issuer = await startStaffIssuer();
  [browser, world] = await Promise.all([
    openBrowser(),
    createApiWorld({
      CONNECT_BY_TOKEN: 'false',
      STAFF_ISSUER: issuer.url,
      STAFF_CLIENT_ID: DEMO_STAFF_CLIENT.clientId,
      STAFF_CLIENT_SECRET: DEMO_STAFF_CLIENT.clientSecret,
      STAFF_CLAIM: `groups=${SUPPORT_GROUP}`,
    }),
  ]);
  stopWork = await startWork(world);
  instanceId = await world.register();
  // The places where people sign in are other sites than ours, to a browser.
  world.deps.config.GITHUB_URL = elsewhere(world.github.url);
  await world.pool.query('update instance set base_url = $1', [elsewhere(world.instance.url)]);
}, 120_000);
afterAll(async () => {
  await stopWork();
  await Promise.all([world.close(), issuer.close(), browser.close()]);
});
beforeEach(() =>
  world.pool.query(`update instance set sharing_status = 'available' where sharing_status = 'unavailable'`),
);
afterEach(async () => {
  for (const person of inside.splice(0)) {
    const inTheWay = person.kept();
    await person.leaves();
    if (inTheWay.length > 0) throw new Error(`A page was kept from what it does: ${inTheWay.join('\n')}`);
  }
});

/** Somebody at a browser that runs no script. */
async function somebody(): Promise<Person> {
  const person = await browser.person({ script: false });
  inside.push(person);
  return person;
}

const placesOf = (key: string): [SignInPlace, SignInPlace] => [
  demoPlace(world.instance, HOSTNAME, key),
  demoPlace(world.github, 'github.com', key),
];

describe('in a real browser without scripts', () => {
  test('an admin signs in at both places, and switches sharing on', async () => {
    const ada = await somebody();
    await signsIn(ada, world, ...placesOf('ada'));
    await ada.sees(`You are signed in at ${HOSTNAME} and at GitHub.com.`);
    const admin = siteAdmin(apiOf(ada), instanceId);
    ok(await admin.enables('instance'));
    ok(await admin.enables('account'));
    expect(await admin.sharing()).toMatchObject({ status: 'on' });
  }, 60_000);

  test('support signs in at the company’s issuer, and sees the queue of requests', async () => {
    const sanna = await somebody();
    await sanna.opens(`${world.url}/sign-in`);
    await sanna.presses('Sign in as support');
    await sanna.presses('Continue as Sanna Okafor');
    expect(sanna.at().href).toBe(`${world.url}/account`);
    await sanna.sees('You are signed in as support.');
    expect((await apiOf(sanna).get('/api/v1/access-requests')).status).toBe(200);
  }, 60_000);

  test('a developer authorizes both accounts, sees exactly what will be sent, ticks, and that is sent', async () => {
    await world.switchOn(instanceId);
    const devi = await somebody();
    await connects(devi, world, ...placesOf('devi'));
    await devi.sees('Nothing is sent.');
    const shown = await looks(devi);
    const { from, to } = datesOf(await devi.reads());
    expect(shown.length).toBeGreaterThan(0);
    expect(shown).toEqual(world.instance.contributions.between('devi', from, to));
    expect(await ledger()).toEqual([]);
    await devi.ticks('Send my contribution counts');
    await devi.presses('Start sending');
    await devi.sees('Your contribution counts are sent every hour.');
    await eventually(async () => (await ledger()).length > 0, 'the first counts');
    expect(await ledger()).toEqual(shown);
  }, 90_000);

  test('a developer ends a session elsewhere and signs out, and going back shows nothing of theirs', async () => {
    const [laptop, phone] = [await somebody(), await somebody()];
    await signsIn(laptop, world, ...placesOf('emil'));
    await signsIn(phone, world, ...placesOf('emil'));
    await laptop.reloads();
    await laptop.presses('End');
    await phone.reloads();
    expect(phone.at().pathname).toBe('/sign-in');
    await laptop.follows('Connect your accounts');
    await laptop.opens(`${world.url}/account`);
    await laptop.sees(HOSTNAME);
    await laptop.presses('Sign out');
    for (const _ of ['the account', 'the way there']) {
      await laptop.goesBack();
      expect(await laptop.reads()).not.toContain(HOSTNAME);
    }
    expect((await apiOf(laptop).get('/api/v1/me/sessions')).status).toBe(401);
  }, 90_000);

  // Of these two the second gets the browser's cookies sent along: another port is the same site.
  test.each(['localhost', '127.0.0.1'])(
    'a page of %s that posts a form of ours is refused',
    async (host) => {
      const farah = await somebody();
      await signsIn(farah, world, ...placesOf('farah'));
      const form = await farah.carries('form');
      const other = createServer((_request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(
          `<form method="post" action="${world.url}/sign-out"><input name="form" value="${form}"><button>Win</button></form>`,
        );
      }).listen(0, '127.0.0.1');
      await once(other, 'listening');
      await farah.opens(`http://${host}:${(other.address() as AddressInfo).port}/`);
      await farah.presses('Win');
      await farah.sees('origin_refused');
      await farah.opens(`${world.url}/account`);
      await farah.sees(`You are signed in at ${HOSTNAME}`);
      other.close();
      other.closeAllConnections();
    },
    60_000,
  );
});

function datesOf(text: string): { from: string; to: string } {
  const [, from = '', to = ''] = /from (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)/.exec(text) ?? [];
  return { from, to };
}

async function ledger(): Promise<{ date: string; count: number }[]> {
  const { rows } = await world.pool.query<{ date: string; count: number }>(
    'select date::text as date, count from ledger_day order by 1',
  );
  return rows;
}
