import { z } from 'zod';
import { DEMO_PEOPLE, DEMO_TOKENS } from './demo-people.ts';

/** An instance that an enterprise account has connected by GitHub Connect. */
export const serverInstallationSchema = z.strictObject({
  hostName: z.string().min(1),
  customerName: z.string(),
  isConnected: z.boolean(),
  createdAt: z.iso.datetime(),
});
export type ServerInstallation = z.infer<typeof serverInstallationSchema>;

const membershipSchema = z.strictObject({ role: z.enum(['admin', 'member']), state: z.enum(['active', 'pending']) });
export type Membership = z.infer<typeof membershipSchema>;

const organizationSchema = z.strictObject({
  id: z.number().int(),
  login: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** Of the GitHub App's installation in this organization. */
  installationToken: z.string(),
  /** By person's key. */
  members: z.record(z.string(), membershipSchema),
});
export type Organization = z.infer<typeof organizationSchema>;

const enterpriseSchema = z.strictObject({
  id: z.number().int(),
  slug: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** Keys of its owners. */
  owners: z.array(z.string()),
  members: z.array(z.string()),
  installations: z.array(serverInstallationSchema),
});
export type Enterprise = z.infer<typeof enterpriseSchema>;

export const accountsSchema = z.strictObject({
  organizations: z.array(organizationSchema),
  enterprises: z.array(enterpriseSchema),
});
export type AccountsState = z.infer<typeof accountsSchema>;

/** The organizations `acme` and `globex` and the enterprise `acme-inc`, which has connected the demo's instance. */
export function seedAccounts(instanceHostName: string): AccountsState {
  const createdAt = '2018-06-01T09:00:00Z';
  const keys = DEMO_PEOPLE.map(({ key }) => key);
  const owners = DEMO_PEOPLE.filter(({ owner }) => owner).map(({ key }) => key);
  const members = Object.fromEntries(
    keys.map((key): [string, Membership] => [
      key,
      { role: owners.includes(key) ? 'admin' : 'member', state: 'active' },
    ]),
  );
  const organization = (id: number, login: string, name: string): Organization => {
    return { id, login, name, createdAt, installationToken: DEMO_TOKENS.installation(login), members: { ...members } };
  };
  const installation = { hostName: instanceHostName, customerName: 'Acme Inc', isConnected: true, createdAt };
  const enterprise = { id: 77_001, slug: 'acme-inc', name: 'Acme Inc', createdAt, owners, members: keys };
  return {
    organizations: [organization(440_001, 'acme', 'Acme'), organization(440_002, 'globex', 'Globex')],
    enterprises: [{ ...enterprise, installations: [installation] }],
  };
}

/** Organizations and enterprise accounts of GitHub.com, and what may happen to them. */
export class Accounts {
  readonly #state: AccountsState;
  readonly #changed: () => void;

  constructor(state: AccountsState, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
  }

  organization(login: string): Organization | undefined {
    return this.#state.organizations.find((one) => one.login.toLowerCase() === login.toLowerCase());
  }

  enterprise(slug: string): Enterprise | undefined {
    return this.#state.enterprises.find((one) => one.slug === slug);
  }

  byInstallationToken(value: string | undefined): Organization | undefined {
    return this.#state.organizations.find((one) => one.installationToken === value);
  }

  all(): AccountsState {
    return this.#state;
  }

  /** `null` ends the membership. */
  setMembership(login: string, key: string, membership: Membership | null): void {
    const organization = known(this.organization(login), login);
    if (membership === null) delete organization.members[key];
    else organization.members[key] = membership;
    this.#changed();
  }

  setEnterpriseOwner(slug: string, key: string, owner: boolean): void {
    const enterprise = known(this.enterprise(slug), slug);
    const others = enterprise.owners.filter((one) => one !== key);
    enterprise.owners = owner ? [...others, key] : others;
    this.#changed();
  }

  /** Adds the instance or changes what stands about it. */
  setInstallation(slug: string, installation: ServerInstallation): void {
    const enterprise = known(this.enterprise(slug), slug);
    const others = enterprise.installations.filter(({ hostName }) => hostName !== installation.hostName);
    enterprise.installations = [...others, installation];
    this.#changed();
  }

  /** GitHub Connect switched on or off. */
  setConnected(slug: string, hostName: string, isConnected: boolean): void {
    const installation = known(this.enterprise(slug), slug).installations.find((one) => one.hostName === hostName);
    known(installation, hostName).isConnected = isConnected;
    this.#changed();
  }
}

function known<Thing>(thing: Thing | undefined, name: string): Thing {
  if (thing === undefined) throw new Error(`no such account at this peer: ${name}`);
  return thing;
}
