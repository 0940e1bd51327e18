import type { Client } from '@temporalio/client';
// CommonJS whose names Node cannot see: it has its default export alone.
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};

/**
 * Registers what operators search by, where it is missing. Safe to repeat. A cluster that does not let us answers with
 * an error: its own operator registers them then.
 */
export async function registerSearchAttributes(client: Pick<Client, 'connection' | 'options'>): Promise<void> {
  const { operatorService } = client.connection;
  const namespace = client.options.namespace;
  const known = await operatorService.listSearchAttributes({ namespace }).catch(() => undefined);
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !known?.customAttributes?.[name]);
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type]])),
  });
}
