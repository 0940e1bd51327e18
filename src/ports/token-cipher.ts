/** AES-256-GCM, bound to an id, so that a ciphertext moved to another row cannot be opened. */
export interface TokenCipher {
  /** Of the key that seals from now on. */
  keyId: string;
  seal(plain: string, boundTo: string): { ciphertext: Buffer; keyId: string };
  /** Undefined where its key is gone, or it was changed or moved. */
  open(ciphertext: Buffer, keyId: string, boundTo: string): string | undefined;
}
