import type { OutgoingRequest } from '../sender.ts';

/** What clients send, checked, as plain data that may go to another thread. */
export type RequestSpec =
  /** The same each time. */
  { readonly kind: 'constant'; readonly request: OutgoingRequest };
