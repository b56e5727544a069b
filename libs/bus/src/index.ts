export { type DirectPublisherOptions, openDirectPublisher } from './direct.ts';
export { createDoorbell, type Doorbell } from './doorbell.ts';
export { type KeepConnectedOptions, keepConnected } from './keep-connected.ts';
export { type RecordKindName, recordKinds } from './kinds.ts';
export type { LostListener, Publisher } from './publisher.ts';
