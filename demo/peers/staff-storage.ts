import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Where the issuer keeps sessions, codes and grants: this process, until it ends. */
export function memoryStorage(now: () => number = Date.now): AdapterFactory {
  const kept = new Map<string, { payload: AdapterPayload; until: number }>();
  const find = (matches: (key: string, payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const [key, { payload, until }] of kept) if (until > now() && matches(key, payload)) return payload;
    return undefined;
  };
  return (model): Adapter => {
    const keyOf = (id: string) => `${model}:${id}`;
    const ofModel = (key: string) => key.startsWith(keyOf(''));
    return {
      async upsert(id, payload, expiresIn) {
        kept.set(keyOf(id), { payload, until: expiresIn === undefined ? Infinity : now() + expiresIn * 1000 });
      },
      find: async (id) => find((key) => key === keyOf(id)),
      findByUid: async (uid) => find((key, payload) => ofModel(key) && payload.uid === uid),
      findByUserCode: async (code) => find((key, payload) => ofModel(key) && payload.userCode === code),
      async consume(id) {
        const payload = kept.get(keyOf(id))?.payload;
        if (payload !== undefined) payload.consumed = Math.floor(now() / 1000);
      },
      async destroy(id) {
        kept.delete(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        for (const [key, { payload }] of kept) if (payload.grantId === grantId) kept.delete(key);
      },
    };
  };
}
