import type { z } from 'zod';
import { accounts, instances, type account, type instance } from './answers.ts';
import type { Api } from './api.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, misused } from './failure.ts';

/** An instance by its id or host name. @throws Failure */
export async function findInstance(api: Api, named: string): Promise<z.output<typeof instance>> {
  const { items } = await api.get('/api/v1/instances', instances);
  const found = items.find(({ id, hostname }) => id === named || hostname === named.toLowerCase());
  if (found) return found;
  throw unknown(`No instance has the id or the host name "${named}".`, '"instances list" shows those that are there.');
}

/** An account by its id or its short name, which an organization and an enterprise can both have. @throws Failure */
export async function findAccount(api: Api, named: string): Promise<z.output<typeof account>> {
  const { items } = await api.get('/api/v1/accounts', accounts);
  const [found, another] = items.filter(({ id, slug }) => id === named || slug === named.toLowerCase());
  const advice = '"accounts list" shows those that are there, with their ids.';
  if (!found) throw unknown(`No account has the id or the short name "${named}".`, advice);
  if (another) throw misused(`An organization and an enterprise are called "${named}": name it by its id.`, advice);
  return found;
}

function unknown(title: string, advice: string): Failure {
  return new Failure(EXIT.refused, { title, advice, code: 'not_found' });
}
