import { createHmac } from 'node:crypto';
import type { AuditSeal } from '../ports/audit-seal.ts';
import { readKeyRing } from './key-ring.ts';

/** @param keys as `TOKEN_KEYS`: the first seals, every one proves what it has sealed */
export function createAuditSeal(keys: string): AuditSeal {
  const ring = readKeyRing(keys);
  return {
    keyId: ring.newest.id,
    hash(keyId, previous, record) {
      const key = ring.find(keyId);
      return key && createHmac('sha256', key).update(previous).update(record).digest();
    },
  };
}
