import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { openBrowser, type Browser, type Person } from '../support/browser.ts';
import { startStaffIssuer } from '../../demo/peers/staff-issuer.ts';
import { authorizeUrl, exchange, proofKey } from '../demo/signing-in.ts';

let browser: Browser;
let instance: InstancePeer;
let application: Server;
let callback: string;
let person: Person;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => browser.close());
beforeEach(async () => {
  instance = await startInstancePeer();
  // An application that keeps what sessions are kept in, and shows what came back.
  application = createServer((request, response) => {
    const cookie = request.headers.cookie ?? 'none';
    response.setHeader('content-type', 'text/plain');
    response.setHeader('set-cookie', '__Host-kept=1; Path=/; Secure; HttpOnly; SameSite=Lax');
    response.end(`Back with ${request.url}, cookies: ${cookie}`);
  }).listen(0, '127.0.0.1');
  await once(application, 'listening');
  callback = `http://127.0.0.1:${(application.address() as AddressInfo).port}/sign-in/callback/here`;
  person = await browser.person({ script: false });
});
afterEach(async () => {
  await person.leaves();
  application.closeAllConnections();
  application.close();
  await instance.close();
});

describe('a real browser without scripts', () => {
  test('signs in at the instance, authorizes, and comes back with a code that is worth a token', async () => {
    const { verifier, asked } = proofKey();
    await person.opens(authorizeUrl(instance, { ...asked, redirect_uri: callback, scope: 'read:user' }));
    await person.presses('Sign in as draman');
    await person.sees('Unified Contributions wants to access the account draman');
    await person.presses('Authorize');
    expect(person.at().href).toContain(`${callback}?code=`);
    const code = person.at().searchParams.get('code') ?? '';
    const { body } = await exchange(instance, { code, code_verifier: verifier, redirect_uri: callback });
    expect(body).toMatchObject({ scope: 'read:user', token_type: 'bearer' });
  });

  test('comes back with access_denied after Cancel', async () => {
    await person.opens(authorizeUrl(instance, { redirect_uri: callback }));
    await person.presses('Sign in as draman');
    await person.presses('Cancel');
    await person.sees('error=access_denied');
  });

  test('keeps a __Host- cookie at a loopback address, and brings it when another site sends it back', async () => {
    await person.opens(callback);
    await person.sees('cookies: none');
    // For a browser this is another site than 127.0.0.1, as the instance is another one than the product.
    const elsewhere = { ...instance, url: instance.url.replace('127.0.0.1', 'localhost') };
    await person.opens(authorizeUrl(elsewhere, { redirect_uri: callback }));
    await person.presses('Sign in as draman');
    await person.presses('Authorize');
    await person.sees('cookies: __Host-kept=1');
    expect(await person.cookies(callback)).toContain('__Host-kept');
  });

  test('is nobody else’s: another person has to sign in', async () => {
    await person.opens(authorizeUrl(instance, { redirect_uri: callback }));
    await person.presses('Sign in as draman');
    const other = await browser.person();
    await other.opens(authorizeUrl(instance, { redirect_uri: callback }));
    await other.sees('Sign in to the demo instance');
    await other.leaves();
  });

  test('signs in at the issuer of staff', async () => {
    const redirectUri = callback.replace('/here', '/staff');
    const issuer = await startStaffIssuer();
    const { asked } = proofKey();
    const { clientId } = issuer.client;
    const query = { client_id: clientId, response_type: 'code', scope: 'openid', redirect_uri: redirectUri, ...asked };
    await person.opens(`${issuer.url}/auth?${new URLSearchParams(query).toString()}`);
    await person.presses('Continue as Sanna Okafor');
    await person.sees('Back with /sign-in/callback/staff?code=');
    await issuer.close();
  });

  test('says what a page says where it is not what was expected', async () => {
    await person.opens(authorizeUrl(instance, { client_id: 'unknown' }));
    expect(await person.reads()).toContain('This is not the page that you are looking for.');
  });
});
