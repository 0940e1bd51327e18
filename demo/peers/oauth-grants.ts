import { z } from 'zod';

const grantSchema = z.strictObject({ who: z.string(), clientId: z.string(), scopes: z.array(z.string()) });
export const grantsSchema = z.array(grantSchema);

/** Who has authorized which application to do what. It outlives the tokens, so that nobody is asked the same twice. */
export class Grants {
  readonly #grants: z.infer<typeof grantsSchema>;
  readonly #changed: () => void;

  constructor(grants: z.infer<typeof grantsSchema>, changed: () => void) {
    this.#grants = grants;
    this.#changed = changed;
  }

  /** `undefined` where they never authorized it; an authorization without any scope is an empty list. */
  scopesOf(who: string, clientId: string): readonly string[] | undefined {
    return this.#find(who, clientId)?.scopes;
  }

  /** What was granted before stays granted. */
  add(who: string, clientId: string, scopes: readonly string[]): void {
    const grant = this.#find(who, clientId);
    if (grant === undefined) this.#grants.push({ who, clientId, scopes: [...scopes] });
    else grant.scopes = [...new Set([...grant.scopes, ...scopes])];
    this.#changed();
  }

  #find(who: string, clientId: string) {
    return this.#grants.find((grant) => grant.who === who && grant.clientId === clientId);
  }
}
