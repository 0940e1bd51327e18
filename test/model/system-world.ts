import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import type { ConnectionStatus } from '../../src/domain/connection.ts';
import type { ApiWorld } from '../api/api-world.ts';
import type { Caller, Reply } from '../api/client.ts';
import { eventually } from '../support/eventually.ts';
import type {
  Patience,
  Act,
  Answer,
  AuditLook,
  ConnectionLook,
  Days,
  Happening,
  Product,
  Profile,
  ReceiptLook,
  RequestLook,
  SharingLook,
  User,
} from './product.ts';
import { USERS } from './product.ts';
import type { DeveloperAct } from './developer-model.ts';
import { signIn, signOut } from './system-browser.ts';
import { sessionOf } from './state.ts';
import type { VisitorAct } from './visitor-model.ts';
import { SHORT, type SystemHost } from './system-host.ts';
import { surround, type Surroundings } from './system-people.ts';

const API = '/api/v1';
const PATIENCE_MS = 20_000;
const ACTS = { send: 'send', opt_out: 'opt-out', update: 'update', forget: 'forget' } as const;
type Said = Pick<Reply, 'status' | 'code' | 'body'>;
type Listed = { date: string; count: number }[];

const daysOf = (days: Listed): Days =>
  Object.fromEntries(days.filter(({ count }) => count > 0).map(({ date, count }) => [date, count]));

/** The real system, asked over its API as its people ask it; of one instance that no other sequence has to do with. */
export class SystemWorld implements Product {
  readonly durations = SHORT;
  readonly #host: SystemHost;
  readonly #world: ApiWorld;
  readonly #at: Surroundings;
  /** Ids of connections, the newest last. */
  readonly #ids: Record<User, string[]> = { devi: [], emil: [] };
  /** Who signed in, with the browser in which they did so last. */
  readonly #browsers = new Map<string, Caller>();
  #requestId: string | undefined;
  #tokens = 0;
  #outages: number[] = [];

  static async create(host: SystemHost): Promise<SystemWorld> {
    return new SystemWorld(host, await surround(host.world));
  }

  private constructor(host: SystemHost, at: Surroundings) {
    this.#host = host;
    this.#world = host.world;
    this.#at = at;
  }

  now(): number {
    return Date.now();
  }

  pass(until: number): Promise<void> {
    const ms = Math.max(until - Date.now(), 0) + PATIENCE_MS;
    return eventually(() => Promise.resolve(Date.now() > until), 'time passes', ms);
  }

  async act(act: Act, twice: boolean): Promise<Answer> {
    const key = randomUUID();
    const send = this.#sending(act);
    const reply = await send(key);
    await this.#after(act, reply);
    if (twice) assert.deepEqual(plain(await send(key)), plain(reply));
    return { status: reply.status, ...(reply.code !== undefined && { code: reply.code as ErrorCode }) };
  }

  /** @returns what sends it, as often as it is called, always the same */
  #sending(act: Act): (key: string) => Promise<Said> {
    const { admins, instanceId, accountId, support } = this.#at;
    const { operator } = this.#world;
    const instance = `${API}/instances/${instanceId}`;
    switch (act.do) {
      case 'request':
        return (key) => admins[act.by].post(`${API}/access-requests`, { instanceId }, { key });
      case 'answer':
        return (key) => admins[act.by].post(this.#requestPath(act.act), noteFor(act.act), { key });
      case 'handle':
        return (key) => support[act.by].post(this.#requestPath(act.act), noteFor(act.act), { key });
      case 'terms':
        return (key) => operator.put(`${API}/accounts/${accountId}/terms`, { terms: act.terms }, { key });
      case 'switch':
        return (key) => admins[act.by].put(`${instance}/sharing/${act.side}-side`, { enabled: act.on }, { key });
      case 'revoke':
        return (key) => support.support.post(`${instance}/revoke`, { note: 'No more.' }, { key });
      case 'record_connect':
        return (key) => operator.put(`${instance}/connect`, { connected: act.connected }, { key });
      case 'sync':
        return (key) => operator.post(`${API}/sync/backfill`, { instanceId }, { key });
      case 'show': {
        const visibility = act.public ? 'public' : 'private';
        return (key) => this.#at.person('devi', act.as).put(`${API}/me/profile`, { visibility }, { key });
      }
      case 'sign_in':
      case 'sign_out':
      case 'forget_me':
        return () => this.#visiting(act);
      default:
        return this.#developing(act);
    }
  }

  async #visiting(act: VisitorAct): Promise<Said> {
    const { url } = this.#world;
    if (act.do === 'sign_in') {
      const { hostname, peer, githubLogins } = this.#at;
      const places = [
        { url: peer.url, login: peer.people.get(act.user).login },
        { url: this.#world.github.url, login: githubLogins[act.as] },
      ] as const;
      this.#browsers.set(sessionOf(act), await signIn(url, hostname, ...places));
      return { status: 200, code: undefined, body: {} };
    }
    if (act.do === 'sign_out') return signOut(this.#browser(act));
    const reply = await this.#browser(act).post(`${API}/me/forget`);
    // Their API tokens are revoked with all else that was theirs.
    if (reply.status < 300) await this.#at.renew(act.user, act.as);
    return reply;
  }

  #browser(who: { user: User; as: Profile }): Caller {
    return this.#browsers.get(sessionOf(who)) ?? this.#world.anyone;
  }

  async signedIn(user: User, as: Profile): Promise<boolean> {
    const browser = this.#browsers.get(sessionOf({ user, as }));
    return browser !== undefined && (await browser.get(`${API}/me/sessions`)).status === 200;
  }

  #requestPath(act: string): string {
    return `${API}/access-requests/${this.#requestId}/${act}`;
  }

  #developing(act: DeveloperAct): (key: string) => Promise<Said> {
    const who = 'by' in act && act.by ? this.#browser(act) : this.#at.person(act.user, act.as);
    const path = `${API}/connections/${this.#ids[act.user].at(-1) ?? randomUUID()}`;
    const consentVersion = CONSENT_VERSION;
    switch (act.do) {
      case 'connect': {
        const body = { instanceId: this.#at.instanceId, token: this.#freshToken(act.user) };
        return (key) => who.post(`${API}/connections`, body, { key });
      }
      case 'reconnect': {
        const body = act.freshToken ? { token: this.#freshToken(act.user) } : {};
        return (key) => who.post(`${path}/reconnect`, body, { key });
      }
      case 'move':
        return (key) => who.post(`${path}/move`, { consentVersion }, { key });
      default:
        return (key) => who.post(`${path}/${ACTS[act.do]}`, act.do === 'send' ? { consentVersion } : {}, { key });
    }
  }

  #freshToken(user: User): string {
    this.#tokens += 1;
    return this.#at.peer.people.issueToken(user, { value: `gho_${user}_${this.#tokens}` });
  }

  /** What has to be known of an answer to go on, and the end of a run that was started. */
  async #after(act: Act, { status, body }: Said): Promise<void> {
    if (act.do === 'connect' && status === 201) this.#ids[act.user].push(body['id'] as string);
    if (act.do === 'request' && status !== 409) this.#requestId = await this.#newestRequest();
    if (act.do !== 'sync' || status !== 202) return;
    await this.#world.parts.client.workflow.getHandle(body['started'] as string).result();
  }

  async #newestRequest(): Promise<string> {
    const { rows } = await this.#world.pool.query<{ id: string }>(
      'select id from access_request where instance_id = $1 order by created_at desc limit 1',
      [this.#at.instanceId],
    );
    return rows[0]!.id;
  }

  async happen(happening: Exclude<Happening, { happens: 'time' }>): Promise<void> {
    const { peer, githubKeys, organization } = this.#at;
    switch (happening.happens) {
      case 'contribution':
        peer.contributions.set(happening.user, addDays(utcDay(Date.now()), -happening.daysAgo), happening.count);
        return;
      case 'trouble':
        return this.#trouble(happening);
      case 'token_revoked':
        for (const token of peer.people.get(happening.user).tokens) token.revoked = true;
        return;
      case 'renamed':
        peer.people.rename(happening.user, `${happening.user}-${randomUUID()}`);
        return;
      case 'role':
        if (happening.role === 'site_admin') peer.people.change(happening.who, { siteAdmin: happening.on });
        else {
          const role = happening.on ? 'admin' : 'member';
          const membership = { role, state: 'active' } as const;
          this.#world.github.accounts.setMembership(organization, githubKeys[happening.who], membership);
        }
        return;
      case 'keys_rotated':
        return this.#host.rotatesKeys();
      case 'outage':
        return happening.of === 'instance' ? this.#instanceOutage(happening.on) : this.#githubOutage(happening.on);
    }
  }

  #lies: Partial<Record<User, number>> = {};
  #down = false;

  #trouble({ user, trouble, on }: Extract<Happening, { happens: 'trouble' }>): void {
    const { people, faults } = this.#at.peer;
    if (trouble === 'suspended') people.change(user, { suspendedAt: on ? '2026-01-01T00:00:00Z' : null });
    else if (trouble === 'gone') people.change(user, { gone: on });
    else if (trouble === 'reused')
      people.change(user, { createdAt: on ? '2024-02-29T12:00:00Z' : '2020-01-01T00:00:00Z' });
    else {
      if (this.#lies[user] !== undefined) faults.remove(this.#lies[user]);
      if (on) this.#lies[user] = faults.add({ kind: 'lying-counts', lie: 'negative' }, { who: user });
    }
  }

  async #instanceOutage(on: boolean): Promise<void> {
    if (this.#down === on) return;
    this.#down = on;
    await (on ? this.#at.peer.goDown() : this.#at.peer.comeUp());
  }

  #githubOutage(on: boolean): void {
    const { faults } = this.#world.github;
    for (const id of this.#outages) faults.remove(id);
    const paths = Object.values(this.#at.githubIds).map((id) => `/user/${id}`);
    this.#outages = on ? paths.map((path) => faults.add({ kind: 'bad-gateway' }, { path })) : [];
  }

  async sharing(): Promise<SharingLook> {
    const { body } = await this.#world.support.get<{
      status: SharingLook['status'];
      instanceSide: { enabled: boolean };
      accountSide: { enabled: boolean };
      generation: number;
    }>(`${API}/instances/${this.#at.instanceId}/sharing`);
    const { status, instanceSide, accountSide, generation } = body;
    return { status, instanceSide: instanceSide.enabled, accountSide: accountSide.enabled, generation };
  }

  async request(): Promise<RequestLook | undefined> {
    if (this.#requestId === undefined) return undefined;
    type Shown = Omit<RequestLook, 'failedChecks'> & { failedChecks: { code: RequestLook['failedChecks'][number] }[] };
    const { body } = await this.#world.support.get<Shown>(`${API}/access-requests/${this.#requestId}`);
    const { status, failedChecks, informationAsked, decidedByTerms, expiresAt } = body;
    return { status, failedChecks: failedChecks.map(({ code }) => code), informationAsked, decidedByTerms, expiresAt };
  }

  #look<Body>(user: User, as: Profile, rest = ''): Promise<Reply<Body>> | undefined {
    const id = this.#ids[user].at(-1);
    return id === undefined ? undefined : this.#at.person(user, as).get<Body>(`${API}/connections/${id}${rest}`);
  }

  async connection(user: User, as: Profile): Promise<ConnectionLook | undefined> {
    type Shown = Omit<ConnectionLook, 'observed'> & { observed: object | null };
    const reply = await this.#look<Shown>(user, as);
    if (reply?.status !== 200) return undefined;
    return { ...reply.body, observed: reply.body.observed !== null };
  }

  async sent(user: User, as: Profile): Promise<Days | undefined> {
    const reply = await this.#look<{ days: Listed }>(user, as, '/sent');
    return reply?.status === 200 ? daysOf(reply.body.days) : undefined;
  }

  async published(profile: Profile): Promise<Days | undefined> {
    const owner: Caller = this.#at.person('devi', profile);
    const { json } = (await owner.get<{ json: string | null }>(`${API}/me/profile`)).body;
    if (json === null) return undefined;
    const reply = await this.#world.anyone.get<{ days: Listed }>(json);
    return reply.status === 200 ? daysOf(reply.body.days) : undefined;
  }

  async receipts(user: User): Promise<ReceiptLook[]> {
    const { body } = await this.#world.anyone.get<{ items: (ReceiptLook & { scope: string })[] }>(
      `${API}/receipts/${this.#ids[user].at(-1)}`,
    );
    const own = body.items.filter(({ scope }) => scope === 'connection');
    return own.map(({ cause, itemsDeleted }) => ({ cause, itemsDeleted }));
  }

  async rowsOf(user: User): Promise<number> {
    const { rows } = await this.#world.pool.query<{ rows: number }>(
      'select count(*)::int as rows from ledger_day where connection_id = any($1)',
      [this.#ids[user]],
    );
    return rows[0]!.rows;
  }

  async audit(): Promise<AuditLook[]> {
    type Recorded = { subjectId: string; subjectKind: string; action: string; detail: Record<string, string> };
    const { body } = await this.#world.operator.get<{ items: Recorded[] }>(
      `${API}/audit?instance=${this.#at.instanceId}&limit=200`,
    );
    return body.items.toReversed().flatMap(({ subjectId, subjectKind, action, detail }) => {
      const of = this.#subjectOf(subjectKind, subjectId);
      return of ? { of, action, from: detail['from'], to: detail['to'] } : [];
    });
  }

  #subjectOf(kind: string, id: string): AuditLook['of'] | undefined {
    if (kind === 'sharing') return 'sharing';
    if (kind === 'request') return id === this.#requestId ? 'request' : undefined;
    return USERS.find((user) => this.#ids[user].at(-1) === id);
  }

  async projected(user: User): Promise<ConnectionStatus> {
    const { rows } = await this.#world.pool.query<{ status: ConnectionStatus }>(
      'select status from connection where id = $1',
      [this.#ids[user].at(-1)],
    );
    return rows[0]!.status;
  }

  async until(holds: () => Promise<boolean>, patience: Patience): Promise<boolean> {
    if (patience === 'once') return holds();
    return eventually(holds, '', PATIENCE_MS).then(
      () => true,
      () => false,
    );
  }

  /** Nothing of it may go on beside the sequences that follow. */
  async close(): Promise<void> {
    this.#githubOutage(false);
    await this.#instanceOutage(false);
    for (const user of USERS) {
      const id = this.#ids[user].at(-1);
      if (id) await this.#forget(user);
    }
    await this.#at.peer.close();
  }

  async #forget(user: User): Promise<void> {
    const path = `${API}/connections/${this.#ids[user].at(-1)}/forget`;
    for (const as of ['devi', 'emil', 'spare'] as const) await this.#at.person(user, as).post(path, {});
  }
}

const noteFor = (act: string) =>
  ['information', 'contacts', 'information-requests', 'approve', 'deny'].includes(act) ? { note: 'As told.' } : {};

/** The same act again has the same answer; only what a refusal adds of time may differ. */
function plain({ status, code, body }: Said) {
  return status < 400 ? { status, body } : { status, code };
}
