const eighths = ' ▁▂▃▄▅▆▇█';

/** Values as columns of blocks, from 0 to `most`, the highest line first; a value above 0 is never drawn as nothing. */
function columns(values: readonly number[], most: number, height: number): string[] {
  return Array.from({ length: height }, (_, row) => {
    const below = height - 1 - row;
    return values
      .map(value => {
        const level = value > 0 ? Math.max(1, Math.round((value / most) * height * 8)) : 0;
        return eighths[Math.min(8, Math.max(0, level - below * 8))];
      })
      .join('');
  });
}

/** Columns with their scale on the left and time below. `duration` is in seconds. */
export function plot(title: string, values: readonly number[], most: number, height: number, duration: number): string {
  const label = (value: number) => (value >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString());
  const margin = label(most).length;
  const rows = columns(values, most, height).map((row, index) =>
    `  ${(index === 0 ? label(most) : '').padStart(margin)} │${row}`.trimEnd(),
  );
  const end = `${Number(duration.toPrecision(6))} s`;
  const axis = `  ${'0'.padStart(margin)} └${'─'.repeat(values.length)}`;
  const times = `  ${' '.repeat(margin)}  0${end.padStart(values.length - 1)}`;
  return [title, ...rows, axis, times].join('\n');
}
