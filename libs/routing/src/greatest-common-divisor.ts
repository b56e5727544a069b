/** Greatest common divisor of whole numbers that are not negative (Euclid); 0 if all are 0 or there are none. */
export function greatestCommonDivisor(numbers: readonly number[]): number {
  let divisor = 0;
  for (const number of numbers) {
    let rest = number;
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  }
  return divisor;
}
