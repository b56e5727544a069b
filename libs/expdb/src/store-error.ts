/**
 * What went wrong with the store: it could not be opened, it is closed (by its owner, or because its worker died), or an
 * operation failed and left nothing behind.
 */
export class StoreError extends Error {
  readonly path: string;
  readonly kind: 'open' | 'closed' | 'failed';
  constructor(kind: StoreError['kind'], path: string, message: string, cause?: unknown) {
    super(`experiment store ${path}: ${message}`, { cause });
    this.name = 'StoreError';
    this.kind = kind;
    this.path = path;
  }
}
