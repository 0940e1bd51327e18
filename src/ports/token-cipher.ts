/** AES-256-GCM, bound to an id, so that a ciphertext moved to another row cannot be opened. */
export interface TokenCipher {
  seal(plain: string, boundTo: string): { ciphertext: Buffer; keyId: string };
  /** @throws DomainError token_unreadable */
  open(ciphertext: Buffer, keyId: string, boundTo: string): string;
  /** The same for who can do without: undefined where its key is gone. */
  tryOpen(ciphertext: Buffer, keyId: string, boundTo: string): string | undefined;
}
