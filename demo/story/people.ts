import type { z } from 'zod';
import type { accessRequest, accessRequestWithNotes } from '../../src/api/access-request-view.ts';
import type { connection } from '../../src/api/connection-view.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import type { AccountKind, Terms } from '../../src/domain/eligibility.ts';
import type { SharingStatus } from '../../src/domain/sharing.ts';
import type { DayCount } from '../../src/domain/window.ts';
import { ok, type Api } from './api.ts';
import { until } from './until.ts';

export type AccessRequest = z.output<typeof accessRequest>;
export type Connection = z.output<typeof connection>;
export interface Sharing {
  status: SharingStatus;
  generation: number;
  turningOff: { cause: string; connections: number; itemsDeleted: number; verifiedAt: string | null } | null;
}
export interface Counts {
  source: string;
  total: number;
  days: DayCount[];
}
export interface Receipts {
  deletionPending: boolean;
  items: { scope: string; cause: string; itemsDeleted: number; itemsLeft: number; verifiedAt: string }[];
}
export interface Run {
  id: string;
  startedAt: string;
  finishedAt: string | null;
  instances: { instanceId: string; outcome: string; connections: number; changed: number; failed: number }[];
}
interface NewInstance {
  hostname: string;
  kind: 'ghes' | 'gitea';
  baseUrl: string;
  accountId: string;
  credential: string;
  oauth?: { clientId: string; clientSecret: string };
}

/** What an operator does, by the API. */
export function operator(api: Api) {
  const runs = async () => ok(await api.get<{ items: Run[] }>('/api/v1/sync/runs?limit=5')).items;
  return {
    api,
    registersAccount: async (kind: AccountKind, slug: string, credential: string) =>
      ok(await api.post<{ id: string }>('/api/v1/accounts', { kind, slug, credential })).id,
    recordsTerms: async (accountId: string, terms: Terms) =>
      void ok(await api.put(`/api/v1/accounts/${accountId}/terms`, { terms })),
    registersInstance: async (instance: NewInstance) =>
      ok(await api.post<{ id: string }>('/api/v1/instances', { ...instance, allowHttpLoopback: true })).id,
    recordsConnect: async (instanceId: string, connected: boolean) =>
      void ok(await api.put(`/api/v1/instances/${instanceId}/connect`, { connected })),
    runs,
    /** Starts a run and gives a way to wait for its end. */
    async triggersRun(): Promise<() => Promise<Run>> {
      // A run that has ended a moment ago may still be listed as under way.
      await until(
        'the last run to end',
        () => api.get<{ running: boolean }>('/api/v1/sync'),
        ({ body }) => !body.running,
      );
      const before = new Set((await runs()).map(({ id }) => id));
      ok(await api.post('/api/v1/sync/trigger'));
      const fresh = async () => (await runs()).find(({ id }) => !before.has(id));
      return async () => (await until('the run to end', fresh, (run) => (run?.finishedAt ?? null) !== null, 90_000))!;
    },
    async syncs(): Promise<Run> {
      return (await this.triggersRun())();
    },
  };
}

/** What support does, by the API. */
export function support(api: Api) {
  const act = (requestId: string, name: string, body: object = {}) =>
    api.post<AccessRequest>(`/api/v1/access-requests/${requestId}/${name}`, body);
  return {
    queue: async () => ok(await api.get<{ items: AccessRequest[] }>('/api/v1/access-requests')).items,
    claims: (requestId: string) => act(requestId, 'claim'),
    logsContact: (requestId: string, note: string) => act(requestId, 'contacts', { note }),
    approves: (requestId: string, note?: string) => act(requestId, 'approve', note === undefined ? {} : { note }),
    reads: async (requestId: string) =>
      ok(await api.get<z.output<typeof accessRequestWithNotes>>(`/api/v1/access-requests/${requestId}`)),
  };
}

/** What somebody who looks after an instance does, by the API. */
export function siteAdmin(api: Api, instanceId: string) {
  const turn = (side: 'instance' | 'account', enabled: boolean) =>
    api.put<Sharing>(`/api/v1/instances/${instanceId}/sharing/${side}-side`, { enabled });
  return {
    requestsAccess: () => api.post<AccessRequest>('/api/v1/access-requests', { instanceId }),
    approves: (requestId: string, note: string) => api.post(`/api/v1/access-requests/${requestId}/approve`, { note }),
    enables: (side: 'instance' | 'account') => turn(side, true),
    disables: (side: 'instance' | 'account') => turn(side, false),
    sharing: async () => ok(await api.get<Sharing>(`/api/v1/instances/${instanceId}/sharing`)),
  };
}

/** What a developer does, by the API; each has one connection at most. */
export function developer(api: Api, instanceId: string, key: string) {
  let id = '';
  const act = (name: string, body: object = {}) => api.post<Connection>(`/api/v1/connections/${id}/${name}`, body);
  const connection = () => api.get<Connection>(`/api/v1/connections/${id}`);
  return {
    key,
    get id() {
      return id;
    },
    /** @param expiring what belongs to a token that expires */
    async connects(token: string, expiring: { refreshToken?: string; expiresAt?: string } = {}) {
      const answer = await api.post<Connection>('/api/v1/connections', { instanceId, token, ...expiring });
      if (answer.status === 201) id = answer.body.id;
      return answer;
    },
    connection,
    /** After a new start of everything: the same person, with the connection that is theirs. */
    async finds() {
      id = ok(await api.get<{ items: Connection[] }>('/api/v1/connections')).items[0]?.id ?? '';
    },
    myData: async () => ok(await api.get<{ tables: Record<string, unknown[]> }>('/api/v1/me/data')).tables,
    previews: () => api.get<Counts & { consent: { version: string } }>(`/api/v1/connections/${id}/preview`),
    sends: (consentVersion = CONSENT_VERSION) => act('send', { consentVersion }),
    updatesNow: () => act('update'),
    optsOut: () => act('opt-out'),
    reconnects: () => act('reconnect'),
    forgets: () => api.post<{ receipts: string }>(`/api/v1/connections/${id}/forget`),
    makesProfilePublic: async () =>
      ok(await api.put<{ json: string; svg: string }>('/api/v1/me/profile', { visibility: 'public' })),
    makesProfilePrivate: async () => void ok(await api.put('/api/v1/me/profile', { visibility: 'private' })),
    isNow: async (status: Connection['status']) =>
      (await until(`${key} to be ${status}`, connection, ({ body }) => body.status === status)).body,
  };
}
export type Operator = ReturnType<typeof operator>;
export type Support = ReturnType<typeof support>;
export type SiteAdmin = ReturnType<typeof siteAdmin>;
export type Developer = ReturnType<typeof developer>;
