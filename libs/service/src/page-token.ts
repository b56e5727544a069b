/** Where a list of experiments, newest first, goes on: after the one with this time and id. */
export interface PagePosition {
  /** UNIX seconds. */
  readonly created: number;
  readonly id: string;
}

/** The position as the opaque `page_token` of a list call. */
export function formatPageToken({ created, id }: PagePosition): string {
  return Buffer.from(JSON.stringify([created, id])).toString('base64url');
}

/** @returns undefined for a token that was not made by formatPageToken. */
export function parsePageToken(token: string): PagePosition | undefined {
  try {
    const [created, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    return typeof created === 'number' && typeof id === 'string' ? { created, id } : undefined;
  } catch {
    return undefined;
  }
}
