import { NO_HABIT } from './person.ts';
import type { Habit, Person } from './person.ts';

/**
 * The demo's people, at the instance and at GitHub.com under other logins and ids. Their tokens are written down here
 * because they are no secrets: they open nothing but these two programs.
 */
export const DEMO_TOKENS = {
  instance: (key: string) => `gho_demo_instance_${key}`,
  github: (key: string) => `gho_demo_github_${key}`,
  /** An account of the instance that may look up users; not a person. */
  instanceReader: 'ghp_demo_instance_reader',
  /** GitHub App installations, one an organization. */
  installation: (organization: string) => `ghs_demo_installation_${organization}`,
  /** Ada's, with `read:enterprise`. */
  enterpriseOwner: 'ghp_demo_enterprise_owner',
} as const;

/** The GitHub.com user that the demo’s support is; nobody of the people below. */
export const DEMO_SUPPORT = 9001;

/** Our OAuth App as it is registered at the instance, and at GitHub.com. */
export const DEMO_OAUTH_APPLICATION = {
  clientId: 'Iv1.demo0instance0app',
  clientSecret: 'demo-client-secret-of-the-instance-app',
} as const;
export const DEMO_GITHUB_APPLICATION = {
  clientId: 'Iv1.demo00github00app',
  clientSecret: 'demo-client-secret-of-the-github-app',
} as const;

/** As both know it besides: browsers may be sent back to any port, because the address is a loopback one. */
export const DEMO_REGISTRATION = {
  name: 'Unified Contributions',
  callbackUrl: 'http://127.0.0.1/sign-in/callback',
} as const;

interface DemoPerson {
  key: string;
  name: string;
  instanceLogin: string;
  githubLogin: string;
  siteAdmin: boolean;
  /** Owns both organizations and the enterprise account. */
  owner: boolean;
  utcOffset: number;
  habit: Habit;
}

const steady: Habit = { weekday: 0.6, weekend: 0.05, most: 12 };
const evenings: Habit = { weekday: 0.25, weekend: 0.7, most: 8 };
const bursts: Habit = { weekday: 0.15, weekend: 0.1, most: 40 };
const daily: Habit = { weekday: 0.95, weekend: 0.8, most: 25 };
const light: Habit = { weekday: 0.2, weekend: 0.02, most: 4 };

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  person('ada', 'Ada Marsh', 'amarsh', 'ada-marsh', { siteAdmin: true, owner: true, habit: light }),
  person('ines', 'Ines Duarte', 'iduarte', 'inesduarte', { siteAdmin: true, owner: true, utcOffset: 1, habit: light }),
  person('bruno', 'Bruno Keller', 'bkeller', 'brunok', { siteAdmin: true, utcOffset: 1, habit: light }),
  person('chloe', 'Chloe Rivers', 'crivers', 'chloe-r', { owner: true, utcOffset: -5, habit: light }),
  person('devi', 'Devi Raman', 'draman', 'deviraman', { utcOffset: 5.5, habit: steady }),
  person('emil', 'Emil Strand', 'estrand', 'emil-codes', { utcOffset: -8, habit: evenings }),
  person('farah', 'Farah Tane', 'ftane', 'farahtane', { utcOffset: 13, habit: bursts }),
  person('goran', 'Goran Vidal', 'gvidal', 'goran-v', { utcOffset: 2, habit: daily }),
  person('hana', 'Hana Mori', 'hmori', 'hana-mori', { utcOffset: 9, habit: NO_HABIT }),
];

type Particulars = Partial<Pick<DemoPerson, 'siteAdmin' | 'owner' | 'utcOffset' | 'habit'>>;

function person(key: string, name: string, instanceLogin: string, githubLogin: string, rest: Particulars): DemoPerson {
  return { key, name, instanceLogin, githubLogin, siteAdmin: false, owner: false, utcOffset: 0, habit: light, ...rest };
}

const created = (year: number, index: number): string => `${year}-03-${String(index + 10)}T08:30:00Z`;
const token = (value: string, scopes: string[]) => ({ value, scopes, revoked: false });

export function seedInstancePeople(): Person[] {
  const people = DEMO_PEOPLE.map((one, index): Person => ({
    ...pick(one),
    id: 1001 + index,
    login: one.instanceLogin,
    createdAt: created(2019, index),
    siteAdmin: one.siteAdmin,
    tokens: [token(DEMO_TOKENS.instance(one.key), ['read:user'])],
  }));
  const reader = { key: 'reader', name: 'Contribution reader', utcOffset: 0, habit: NO_HABIT };
  const tokens = [token(DEMO_TOKENS.instanceReader, ['read:user'])];
  const rest = { id: 1100, login: 'svc-contributions', createdAt: created(2020, 0), siteAdmin: true, tokens };
  return [...people, { ...reader, suspendedAt: null, gone: false, ...rest }];
}

/** GitHub.com's `site_admin` means GitHub's own staff: nobody here. A sign-in asks for no scope but an owner's `read:org`. */
export function seedGitHubPeople(): Person[] {
  return DEMO_PEOPLE.map((one, index): Person => {
    const tokens = [token(DEMO_TOKENS.github(one.key), one.owner ? ['read:org'] : [])];
    if (one.key === 'ada') tokens.push(token(DEMO_TOKENS.enterpriseOwner, ['read:enterprise', 'read:org']));
    const ids = { id: 5_820_341 + index * 7_919, login: one.githubLogin, createdAt: created(2014, index) };
    return { ...pick(one), ...ids, siteAdmin: false, tokens };
  });
}

function pick(one: DemoPerson) {
  return { key: one.key, name: one.name, utcOffset: one.utcOffset, habit: one.habit, suspendedAt: null, gone: false };
}
