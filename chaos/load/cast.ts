import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DEMO_TOKENS, DEMO_SUPPORT } from '../../demo/peers/demo-people.ts';
import { peopleAt, tokenFor } from '../../demo/people-tokens.ts';
import { createApi } from '../../demo/story/api.ts';
import { operator } from '../../demo/story/people.ts';
import { registerEnterprise } from '../../demo/story/registering.ts';
import { registerAccount } from '../../src/db/accounts.ts';
import type { TokenOwner } from '../../src/db/api-tokens.ts';
import { insertInstance } from '../../src/db/instances.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { applySharing } from '../../src/db/sharing.ts';
import type { SharingCommand } from '../../src/domain/sharing.ts';
import { at, type Setting } from '../setting.ts';
import { authorizesAt } from './authorizing.ts';
import { callerOf, type Caller, type Complain } from './caller.ts';
import type { Developer } from './developer.ts';
import { Journal } from './journal.ts';
import { operatorMember, requesterMember, siteAdminMember, supportMember, type Staff } from './staff.ts';
import { visitorOf, type Visitor } from './visitor.ts';

export interface Places {
  /** Shares, with standard terms: its site administrator turns it off and on. */
  acme: string;
  /** Has custom terms: somebody has to decide. */
  globex: string;
  /** A Gitea, whose tokens expire. */
  forge: string;
}

/** Everybody who does something, and what they did. */
export interface Cast {
  places: Places;
  journal: Journal;
  developers: Developer[];
  staff: Staff[];
  /** Who come with a browser. */
  visitors: Visitor[];
  /** For the checks. */
  operator: Caller;
  /** What is true at the source for a developer's window, bounds included. */
  truth(developer: Developer, from: string, to: string): Promise<{ date: string; count: number }[]>;
  /** Changes what is true. */
  contributes(developer: Developer, date: string, count: number): Promise<void>;
}

const AT_ACME = 7;
const AT_FORGE = 3;
const CREATED_AT = '2021-05-04T08:00:00Z';
const FIRST_USER = 5001;

export async function createCast(setting: Setting, complain: Complain): Promise<Cast> {
  const { pool, apis, instance, forge } = setting;
  const journal = new Journal(join(setting.dataDir, 'logs', 'journal.jsonl'));
  const urls = apis.map(({ url }) => url);
  const parts = { urls, journal, complain };
  const tokenOf = (owner: TokenOwner) => tokenFor(pool, owner);
  const callerFor = async (who: string, owner: TokenOwner) => callerOf(who, await tokenOf(owner), parts);
  const places = await openPlaces(setting);

  const developers: Developer[] = [];
  for (let index = 0; index < AT_ACME + AT_FORGE; index += 1) {
    const isAtForge = index >= AT_ACME;
    const userId = FIRST_USER + index;
    const key = `dev${index + 1}`;
    if (isAtForge) forge.adds(userId, CREATED_AT);
    else await addPerson(setting, key, userId);
    const githubUserIds = [900_000 + index, 950_000 + index] as const;
    const instanceId = isAtForge ? places.forge : places.acme;
    const ownerOf = (githubUserId: number): TokenOwner => ({
      role: 'person',
      person: { instanceId, source: { userId, createdAt: CREATED_AT }, githubUserId },
    });
    developers.push({
      key,
      instanceId,
      sourceUserId: userId,
      githubUserIds,
      callers: [
        await callerFor(`${key}/first`, ownerOf(githubUserIds[0])),
        await callerFor(`${key}/second`, ownerOf(githubUserIds[1])),
      ],
      authorizes: async () => (isAtForge ? forge.authorizes(userId) : authorizesAt(instance.url, key)),
      uses: 0,
      connectionId: undefined,
      told: 'nothing',
      toldAt: 0,
      unsureUntil: 0,
      open: undefined,
    });
  }

  const identityOf = await peopleAt({ instance: at(setting.outward.instance), github: at(setting.outward.github) });
  const admin = (instanceId: string, key: string): TokenOwner => ({
    role: 'person',
    person: { instanceId, ...identityOf(key) },
  });
  const staff = [
    operatorMember(await callerFor('operator', { role: 'operator' })),
    siteAdminMember(await callerFor('ada', admin(places.acme, 'ada')), places.acme),
    requesterMember(await callerFor('ines', admin(places.globex, 'ines')), places.globex),
    supportMember(await callerFor('support', { role: 'support', githubUserId: DEMO_SUPPORT }), places.globex),
  ];
  return {
    places,
    journal,
    developers,
    staff,
    visitors: [visitorOf('hana', urls, { instance: 'hmori', github: 'hana-mori' }, complain)],
    operator: await callerFor('checks', { role: 'operator' }),
    truth: (developer, from, to) =>
      developer.instanceId === places.forge
        ? Promise.resolve(forge.truth(developer.sourceUserId, from, to))
        : instance.truth(developer.key, from, to),
    async contributes(developer, date, count) {
      if (developer.instanceId === places.forge) forge.sets(developer.sourceUserId, date, count);
      else await instance.sets(developer.key, date, count);
    },
  };
}

function addPerson({ instance }: Setting, key: string, id: number): Promise<void> {
  const habit = { weekday: 0.7, weekend: 0.3, most: 9 };
  return instance.tell('people', { key, id, login: key, createdAt: CREATED_AT, habit });
}

async function openPlaces(setting: Setting): Promise<Places> {
  const api = createApi(setting.apis[0]!.url, await tokenFor(setting.pool, { role: 'operator' }));
  const registers = operator(api);
  const acme = await registerEnterprise(registers, at(setting.outward.instance));
  const accountId = await registers.registersAccount('organization', 'globex', DEMO_TOKENS.installation('globex'));
  await registers.recordsTerms(accountId, 'custom');
  const globex = await registers.registersInstance({
    hostname: 'ghes.globex.example',
    kind: 'ghes',
    baseUrl: at(setting.outward.instance),
    accountId,
    credential: DEMO_TOKENS.instanceReader,
  });
  await registers.recordsConnect(globex, true);
  await share(setting, acme);
  return { acme, globex, forge: await openForge(setting) };
}

/** The forge is registered and shares from the start; its tokens are what it is here for. */
async function openForge(setting: Setting): Promise<string> {
  const { pool, cipher } = setting;
  const id = randomUUID();
  const by = { actor: 'chaos', at: new Date().toISOString(), operationId: randomUUID() };
  const account = await registerAccount(pool, { kind: 'organization', slug: 'forge', seal: undefined }, by);
  await insertInstance(pool, {
    id,
    hostname: 'git.forge.example',
    kind: 'gitea',
    baseUrl: at(setting.outward.forge),
    accountId: account.id,
    allowHttpLoopback: true,
    oauth: { clientId: 'chaos', secret: cipher.seal('chaos', id) },
  });
  await share(setting, id);
  return id;
}

async function share({ pool }: Setting, instanceId: string): Promise<void> {
  const commands: SharingCommand[] = [
    { type: 'approve' },
    { type: 'switch', side: 'instance', on: true },
    { type: 'switch', side: 'account', on: true },
  ];
  const settings = { connectGraceMs: 86_400_000, connectLooks: 3 };
  for (const command of commands) {
    const act = { command, actor: 'chaos', at: new Date().toISOString(), operationId: randomUUID(), settings };
    await inTransaction(pool, (tx) => applySharing(tx, instanceId, act));
  }
}
