import { findInstance, type InstanceRow } from '../../db/instances.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Deps } from '../deps.ts';

/** An instance by the host name that a person typed, or the address that they pasted. @throws DomainError not_found */
export async function instanceNamed({ pool }: Deps, typed: string): Promise<InstanceRow> {
  const text = typed.trim().toLowerCase();
  const hostname = URL.canParse(text) && /^https?:/.test(text) ? new URL(text).host : text.replace(/\/.*$/, '');
  const instance = hostname === '' ? undefined : await findInstance(pool, hostname);
  if (instance) return instance;
  throw new DomainError(
    'not_found',
    'No instance of this name is registered here. Look at its address, or ask its site administrator.',
  );
}
