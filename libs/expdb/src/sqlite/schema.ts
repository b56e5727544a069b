/**
 * The tables as kysely sees them. The first six are Galileo's; other programs read some of them by position, so that their
 * columns are fixed for good. The others are ours.
 */
export interface Tables {
  experiments: {
    EXP_ID: string;
    NAME: string | null;
    CREATOR: string | null;
    START: number | null;
    END: number | null;
    CREATED: number | null;
    STATUS: string;
  };
  nodeinfo: { EXP_ID: string; NODE: string; INFO_KEY: string | null; INFO_VALUE: string | null };
  telemetry: {
    EXP_ID: string;
    TIMESTAMP: number;
    METRIC: string;
    SUBSYSTEM: string | null;
    NODE: string;
    VALUE: number;
  };
  events: { EXP_ID: string; TIMESTAMP: number; NAME: string; VALUE: string | null };
  traces: {
    REQUEST_ID: string;
    CLIENT: string;
    SERVICE: string;
    CREATED: number;
    SENT: number;
    DONE: number;
    STATUS: number | null;
    RESPONSE: string | null;
    HEADERS: string | null;
    SERVER: string | null;
    EXP_ID: string | null;
  };
  metadata: { EXP_ID: string; DATA: string };

  experiment_details: {
    EXP_ID: string;
    REASON: string | null;
    FILE: string | null;
    FILE_NAME: string | null;
    SUMMARY: string | null;
  };
  recordings: { EXP_ID: string; START: number; END: number | null; STATE: string };
  trace_details: {
    EXP_ID: string;
    REQUEST_ID: string;
    RELEASED: number | null;
    CONNECTED: number | null;
    FIRST_BYTE: number | null;
    ERROR: string | null;
    BYTES: number | null;
    REPLICA: string | null;
  };
  dead_letters: {
    EXP_ID: string;
    KIND: 'trace' | 'telemetry' | 'event';
    PRODUCER: string;
    REASON: string;
    CHANNEL: string;
    LINE: string;
    AT: number;
  };
  recording_buckets: {
    EXP_ID: string;
    PRODUCER: string;
    KIND: 'telemetry' | 'event';
    NODE: string;
    BEGIN: number;
    RECORDS: number;
    SUM_HIGH: number;
    SUM_LOW: number;
    REJECTED: number;
    VERSION: number;
  };
  clock_offsets: { EXP_ID: string; PRODUCER: string; AT: number; OFFSET: number; UNCERTAINTY: number; SEGMENT: number };
}
