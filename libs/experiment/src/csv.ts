/** A table of texts. */
export interface Table {
  readonly columns: readonly string[];
  /** As many cells each as there are columns. */
  readonly rows: readonly (readonly string[])[];
}

/** A name that a template can hold, also within JSON. */
const columnName = /^[^\s{}"\\\p{Cc}](?:[^{}"\\\p{Cc}]*[^\s{}"\\\p{Cc}])?$/u;
const cellPattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new Error('found bytes that are no UTF-8; allowed: text in UTF-8');
  }
}

/** Cells line by line, each with the number of its line; empty lines are passed over. */
function* lines(text: string): Generator<{ cells: string[]; line: number }> {
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const cells: string[] = [];
    const begin = at;
    let end: string;
    do {
      cellPattern.lastIndex = at;
      const match = cellPattern.exec(text);
      if (match === null) {
        const shown = JSON.stringify(text.slice(at, at + 40).split('\n', 1)[0]);
        throw new Error(`line ${line}: found ${shown}; allowed: cells without quotes, or in quotes from begin to end`);
      }
      cells.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
      end = match[3]!;
      at = cellPattern.lastIndex;
    } while (end === ',');
    const isEmpty = cells.length === 1 && cells[0] === '' && text[begin] !== '"';
    if (!isEmpty) yield { cells, line };
    line += text.slice(begin, at).split('\n').length - 1;
  }
}

/**
 * Reads CSV (RFC 4180: commas, quotes around cells that hold commas, quotes or line breaks) whose first line names the columns.
 * @throws Error that names the line, what was found and what is allowed
 */
export function parseCsv(content: Uint8Array): Table {
  const rows: string[][] = [];
  let columns: string[] | undefined;
  for (const { cells, line } of lines(decode(content))) {
    if (columns === undefined) {
      columns = cells.map(cell => cell.trim());
      for (const [index, column] of columns.entries()) {
        const problem = columnProblem(column, columns.indexOf(column) < index);
        if (problem !== undefined) throw new Error(`line ${line}: ${problem}`);
      }
    } else if (cells.length === columns.length) rows.push(cells);
    else throw new Error(`line ${line}: found ${cells.length} cells; allowed: ${columns.length}, as many as columns`);
  }
  if (columns === undefined) throw new Error('found nothing; allowed: a line with the names of the columns, and rows');
  if (rows.length === 0) throw new Error('found no row; allowed: at least one below the names of the columns');
  return { columns, rows };
}

function columnProblem(column: string, isTwice: boolean): string | undefined {
  const found = `found the column ${JSON.stringify(column)}`;
  if (isTwice) return `${found} a second time; allowed: once`;
  return columnName.test(column) ? undefined : `${found}; allowed: a name without braces, quotes and backslashes`;
}
