/** The three kinds of records. */
export type RecordKindName = 'trace' | 'telemetry' | 'event';

/** All kinds, in the order in which ledgers show them. */
export const recordKinds: readonly RecordKindName[] = ['trace', 'telemetry', 'event'];
