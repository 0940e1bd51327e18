import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Configuration, Provider as StaffProvider } from 'oidc-provider';
import { escaped, page } from './oauth-pages.ts';
import { interactionPolicy, Provider } from './oidc-library.ts';
import type { StaffAccount } from './staff-accounts.ts';
import { memoryStorage } from './staff-storage.ts';

export interface StaffClient {
  clientId: string;
  clientSecret: string;
  /** Plain http is for loopback addresses, at any port; all others have to match to the letter. */
  redirectUris: string[];
}

const MINUTES = 60;

/** OpenID Connect by a real library, with everything of its own that it warns about being for development alone. */
export function createStaffProvider(
  issuer: string,
  client: StaffClient,
  accounts: readonly StaffAccount[],
): StaffProvider {
  const configuration: Configuration = {
    adapter: memoryStorage(),
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: client.redirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code'],
        // What lets a loopback address have any port (RFC 8252, 7.3).
        application_type: 'native',
      },
    ],
    jwks: { keys: [{ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }) }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    // Of `openid`, so that an ID token says it without a further request.
    claims: { openid: ['sub', 'name', 'email', 'email_verified', 'groups'] },
    pkce: { required: () => true },
    ttl: {
      AccessToken: 10 * MINUTES,
      AuthorizationCode: MINUTES,
      Grant: 60 * MINUTES,
      IdToken: 10 * MINUTES,
      Interaction: 10 * MINUTES,
      Session: 60 * MINUTES,
    },
    clientBasedCORS: () => false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}`, policy: whenToAsk() },
    findAccount: (_ctx, sub) => {
      const account = accounts.find((one) => one.sub === sub);
      return account && { accountId: sub, claims: () => ({ ...account }) };
    },
    async loadExistingGrant({ oidc }) {
      const { session, client: asking } = oidc;
      const grant = new oidc.provider.Grant({ accountId: session?.accountId, clientId: asking?.clientId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    renderError(ctx, { error, error_description: description }) {
      ctx.type = 'html';
      ctx.body = page('Sign-in is not possible', `<p>${escaped(`${error}: ${description ?? ''}`)}</p>`);
    },
  };
  return new Provider(issuer, configuration);
}

/** The company's own product asks nobody of the company for consent; whoever has left is signed in no more. */
function whenToAsk() {
  const { Check, base } = interactionPolicy;
  const policy = base();
  policy.remove('consent');
  const hasLeft = new Check('has_left', 'the account is no more', ({ oidc }) => {
    const isGone = oidc.session?.accountId !== undefined && oidc.account === undefined;
    return isGone ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  });
  policy.get('login')?.checks.add(hasLeft);
  return policy;
}
