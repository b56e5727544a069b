// Sine and cosine of an angle in turns (1 = a full circle), made of sums and products only. ECMAScript leaves the last bits
// of Math.sin to the engine, and V8 has changed them between versions; sums and products are exact everywhere (IEEE 754).

/** Taylor series around 0, good to a double's last bit up to an eighth of a turn. */
function sineOf(angle: number): number {
  const square = angle * angle;
  let sum = 1;
  for (let i = 16; i >= 2; i -= 2) sum = 1 - (sum * square) / (i * (i + 1));
  return angle * sum;
}

function cosineOf(angle: number): number {
  const square = angle * angle;
  let sum = 1;
  for (let i = 18; i >= 2; i -= 2) sum = 1 - (sum * square) / (i * (i - 1));
  return sum;
}

/** sin(2 pi turns) */
export function sineOfTurns(turns: number): number {
  const part = turns - Math.floor(turns);
  const quarter = Math.round(part * 4);
  const angle = (part - quarter / 4) * 2 * Math.PI;
  if (quarter === 1) return cosineOf(angle);
  if (quarter === 2) return -sineOf(angle);
  if (quarter === 3) return -cosineOf(angle);
  return sineOf(angle);
}

/** cos(2 pi turns) */
export function cosineOfTurns(turns: number): number {
  return sineOfTurns(turns + 0.25);
}
