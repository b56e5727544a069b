import type { RecordKindName } from '@galileo/bus';

/** Way of the records from the producers to the recorder. */
export type Bus =
  | { readonly name: 'direct' }
  | { readonly name: 'redis'; readonly redis: { readonly host: string; readonly port: number } };

/** What the process of a recorder is started with. */
export interface RecorderTask {
  readonly bus: Bus;
  readonly sqlitePath: string;
  /** Rows per second that its store is held at. */
  readonly rowsPerSecond?: number;
}

/** What the process of a producer is started with. */
export interface ProducerTask {
  readonly bus: Bus;
  /** HOST:PORT. */
  readonly recorder: string;
  readonly node: string;
}

/** What a producer is to produce. */
export interface Load {
  readonly kind: Extract<RecordKindName, 'telemetry' | 'trace'>;
  readonly records: number;
  /** Records per second; as many as are taken unless told. */
  readonly perSecond?: number;
}

/** A producer's answer to a load, once all of it is published. */
export interface Produced {
  /** When the first record was published, UNIX seconds. */
  readonly begun: number;
  readonly ended: number;
  /** CPU of the process, microseconds. */
  readonly cpu: number;
}

/** What a recorder tells of itself whenever it is asked. */
export interface RecorderFigures {
  /** CPU of the process since its start, all threads, microseconds. */
  readonly cpu: number;
  /** Most memory that was resident, bytes. */
  readonly peakRss: number;
  /** When the newest transaction with records was durable, UNIX seconds. */
  readonly durable: number;
}
