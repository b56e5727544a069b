import Table from 'cli-table3';

export interface Column {
  readonly title: string;
  /** Numbers stand right, words left (the default). */
  readonly align?: 'left' | 'right';
}

/** A column of numbers. */
export const right = (title: string): Column => ({ title, align: 'right' });

const noFrame = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** An aligned table without a frame, each line indented by two spaces; cells may be coloured. Without a newline at its end. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const result = new Table({
    head: columns.map(column => column.title),
    colAligns: columns.map(column => column.align ?? 'left'),
    chars: noFrame,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const row of rows) result.push([...row]);
  return result
    .toString()
    .split('\n')
    .map(line => `  ${line}`.trimEnd())
    .join('\n');
}
