import { randomUUID } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import type { Terms } from '../domain/eligibility.ts';
import { recordAudit, recordedVersion } from './audit.ts';
import type { Sealed } from './instances.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

export interface Account {
  id: string;
  kind: 'organization' | 'enterprise';
  slug: string;
  /** null: nobody recorded them, which counts as custom. */
  terms: Terms | null;
  termsSetAt: string | null;
  termsSetBy: string | null;
  hasCredential: boolean;
}

/** Who does something, when (ISO), and the key that makes it the same act when it comes again. */
export interface By {
  actor: string;
  at: string;
  operationId: string;
}

interface Row {
  id: string;
  kind: Account['kind'];
  slug: string;
  terms: Terms | null;
  terms_set_at: Date | null;
  terms_set_by: string | null;
  has_credential: boolean;
}

const COLUMNS =
  'id, kind, slug, terms, terms_set_at, terms_set_by, credential_ciphertext is not null as has_credential';

const toAccount = (row: Row): Account => ({
  id: row.id,
  kind: row.kind,
  slug: row.slug,
  terms: row.terms,
  termsSetAt: row.terms_set_at?.toISOString() ?? null,
  termsSetBy: row.terms_set_by,
  hasCredential: row.has_credential,
});

export async function listAccounts(db: Queryable): Promise<Account[]> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from account order by kind, slug`);
  return rows.map(toAccount);
}

/** @throws DomainError not_found */
export async function loadAccount(db: Queryable, id: string): Promise<Account> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from account where id = $1`, [id]);
  if (!rows[0]) throw new DomainError('not_found');
  return toAccount(rows[0]);
}

export interface NewAccount {
  kind: Account['kind'];
  slug: string;
  /** Seals the credential for the account's id. */
  seal: ((boundTo: string) => Sealed) | undefined;
}

/** Registers an account; one that is there keeps its id and terms, and gets the credential if one is given. */
export async function registerAccount(pool: Pool, account: NewAccount, by: By): Promise<Account> {
  return inTransaction(pool, async (tx) => {
    await tx.query('insert into account (id, kind, slug) values ($1, $2, $3) on conflict (kind, slug) do nothing', [
      randomUUID(),
      account.kind,
      account.slug,
    ]);
    const { rows } = await tx.query<{ id: string }>('select id from account where kind = $1 and slug = $2 for update', [
      account.kind,
      account.slug,
    ]);
    const id = rows[0]!.id;
    if ((await recordedVersion(tx, id, by.operationId)) !== undefined) return loadAccount(tx, id);
    const credential = account.seal?.(id);
    if (credential) {
      await tx.query('update account set credential_ciphertext = $2, credential_key_id = $3 where id = $1', [
        id,
        credential.ciphertext,
        credential.keyId,
      ]);
    }
    await recordAudit(tx, {
      subjectKind: 'account',
      subjectId: id,
      action: 'account.registered',
      ...by,
      detail: { kind: account.kind, credential: credential !== undefined },
    });
    return loadAccount(tx, id);
  });
}

/** @throws DomainError not_found */
export async function setTerms(pool: Pool, id: string, terms: Terms, by: By): Promise<Account> {
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ terms: Terms | null }>('select terms from account where id = $1 for update', [
      id,
    ]);
    if (!rows[0]) throw new DomainError('not_found');
    const isDone = (await recordedVersion(tx, id, by.operationId)) !== undefined;
    if (!isDone && rows[0].terms !== terms) {
      await tx.query('update account set terms = $2, terms_set_at = $3, terms_set_by = $4 where id = $1', [
        id,
        terms,
        by.at,
        by.actor,
      ]);
      await recordAudit(tx, {
        subjectKind: 'account',
        subjectId: id,
        action: 'account.terms_set',
        ...by,
        detail: { from: rows[0].terms, to: terms },
      });
    }
    return loadAccount(tx, id);
  });
}
