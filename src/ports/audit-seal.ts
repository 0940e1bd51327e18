/** HMAC-SHA-256 over the hash of the record before and the record itself, with a key that the database does not know. */
export interface AuditSeal {
  /** Of the key that seals from now on. */
  keyId: string;
  /** Undefined where there is no key of that id. */
  hash(keyId: string, previous: Buffer, record: string): Buffer | undefined;
}
