import type { TelemetryRow } from './rows.ts';

/**
 * Rows of telemetry as columns, which is how they reach the store's thread. Collected in this form they take 24 bytes each and
 * are no work for the collector of garbage: as objects that wait for a slow store they doubled the memory of a recorder.
 */
export interface TelemetryColumns {
  push(row: TelemetryRow): void;
  readonly length: number;
  /** How many rows are of this experiment. It looks at each of them. */
  countOf(expId: string): number;
  /** A copy for the store's thread. */
  pack(): PackedTelemetry;
}

/** What crosses the boundary of threads. */
export interface PackedTelemetry {
  readonly rows: number;
  /** What the rows' codes stand for, each once. */
  readonly texts: readonly (string | null)[];
  /** Four per row: experiment, node, metric, subsystem. */
  readonly codes: Uint32Array<ArrayBuffer>;
  /** Two per row: timestamp, value. */
  readonly numbers: Float64Array<ArrayBuffer>;
}

const codesPerRow = 4;
const numbersPerRow = 2;
const leastCapacity = 64;

/** Makes columns without a row. */
export function createTelemetryColumns(): TelemetryColumns {
  const texts: (string | null)[] = [];
  const known = new Map<string | null, number>();
  let capacity = 0;
  let codes = new Uint32Array(0);
  let numbers = new Float64Array(0);
  let length = 0;
  // Rows that follow each other mostly are of one experiment and one node.
  let [expId, node, expCode, nodeCode]: [string?, string?, number?, number?] = [];

  const codeOf = (text: string | null): number => {
    let code = known.get(text);
    if (code === undefined) {
      code = texts.push(text) - 1;
      known.set(text, code);
    }
    return code;
  };

  const grow = () => {
    capacity = Math.max(leastCapacity, 2 * capacity);
    const [fewerCodes, fewerNumbers] = [codes, numbers];
    codes = new Uint32Array(codesPerRow * capacity);
    numbers = new Float64Array(numbersPerRow * capacity);
    codes.set(fewerCodes);
    numbers.set(fewerNumbers);
  };

  return {
    push(row) {
      if (length === capacity) grow();
      if (row.expId !== expId) {
        expId = row.expId;
        expCode = codeOf(expId);
      }
      if (row.node !== node) {
        node = row.node;
        nodeCode = codeOf(node);
      }
      const code = codesPerRow * length;
      codes[code] = expCode!;
      codes[code + 1] = nodeCode!;
      codes[code + 2] = codeOf(row.metric);
      codes[code + 3] = codeOf(row.subsystem);
      const number = numbersPerRow * length;
      numbers[number] = row.timestamp;
      numbers[number + 1] = row.value;
      length++;
    },
    get length() {
      return length;
    },
    countOf(wanted) {
      const code = known.get(wanted);
      let count = 0;
      for (let row = 0; row < length; row++) if (codes[codesPerRow * row] === code) count++;
      return count;
    },
    pack: () => ({
      rows: length,
      texts,
      codes: codes.slice(0, codesPerRow * length),
      numbers: numbers.slice(0, numbersPerRow * length),
    }),
  };
}
