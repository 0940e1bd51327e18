import { randomBytes } from 'node:crypto';
import { createAuditSeal } from '../../src/keys/audit-seal.ts';

export const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

/** What a worker seals audit records with, where that is not a test's subject. */
export const SEALING = { seal: createAuditSeal(newKey('a1')) };
