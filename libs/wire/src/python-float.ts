/**
 * Python's `repr` of a float: the shortest digits that read back as the same double, as in JavaScript, but with a point
 * or an exponent always, the exponent from 1e16 and below 1e-4, and with at least two digits.
 */
export function pythonFloat(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return x.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  if (Number.isInteger(x)) return Object.is(x, -0) ? '-0.0' : `${x}.0`;
  return String(x);
}

const decimal = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const special = /^([+-]?)(inf|infinity|nan)$/i;

/**
 * Reads what Python's `float()` reads: white space around it, `1e3`, `.5`, `1_000`, `inf`, `nan`; `undefined` where Python
 * raises ValueError. Digits of other scripts, which Python reads too, are refused.
 */
export function parsePythonFloat(text: string): number | undefined {
  const trimmed = text.trim();
  if (decimal.test(trimmed)) return Number(trimmed.includes('_') ? trimmed.replaceAll('_', '') : trimmed);
  const match = special.exec(trimmed);
  if (match === null) return undefined;
  if (match[2]!.toLowerCase() === 'nan') return Number.NaN;
  return match[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * Python's `'%.7f'`, the form of all times in lines: a tenth of a microsecond. It differs where the double lies exactly
 * between two decimals (x.00390625): Python rounds to the even one, this away from zero.
 */
export function sevenDecimals(x: number): string {
  // From 2^30 on a double has at most 22 binary digits behind the point: times 10^7 they are exact, as is the rounding, and this
  // takes a third of the time of toFixed. Up to 2^50, so that whole part and carry are exact too.
  if (x >= 2 ** 30 && x < 2 ** 50) {
    let whole = Math.floor(x);
    let fraction = Math.floor((x - whole) * 1e7 + 0.5);
    if (fraction === 1e7) {
      whole += 1;
      fraction = 0;
    }
    return `${whole}.${String(1e7 + fraction).slice(1)}`;
  }
  return Number.isFinite(x) ? x.toFixed(7) : pythonFloat(x);
}
