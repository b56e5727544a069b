import { type HttpRequest, RowOrder, type Rows as RowsMessage } from '@galileo/proto/client';
import { isTemplate, parseTemplate, type Template, TemplateError, withZeros } from '@galileo/workload/template';
import { fieldValue, outgoingRequest } from './outgoing-request.ts';
import { RequestError } from './request-error.ts';
import type { Rows, TemplateSpec } from './request-spec.ts';

function rowsOf({ columns, rows, order }: RowsMessage): Rows {
  const twice = columns.find((column, index) => columns.indexOf(column) < index);
  if (twice !== undefined) throw new RequestError('rows.columns', twice, 'each name once');
  if (rows.length === 0) throw new RequestError('rows.rows', 'none', 'at least one');
  const index = rows.findIndex(({ cells }) => cells.length !== columns.length);
  if (index >= 0) throw new RequestError(`rows.rows[${index}]`, `${rows[index]!.cells.length} cells`, `${columns.length} cells`);
  if (!Object.values<number>(RowOrder).includes(order)) {
    throw new RequestError('rows.order', order, 'ROW_ORDER_SEQUENTIAL, ROW_ORDER_RANDOM');
  }
  return { rows: rows.map(({ cells }) => cells), order: order === RowOrder.RANDOM ? 'random' : 'sequential' };
}

function parse(field: string, text: string, columns: readonly string[]): Template {
  try {
    return parseTemplate(text, columns);
  } catch (error) {
    if (error instanceof TemplateError) throw new RequestError(field, error.found, error.allowed);
    throw error;
  }
}

/** Is it an object, a list or a text in JSON, whatever stands in its places? */
function isJson(template: Template): boolean {
  try {
    const value: unknown = JSON.parse(withZeros(template));
    return typeof value === 'string' || (typeof value === 'object' && value !== null);
  } catch {
    return false;
  }
}

/** Header fields may not hold each text that a row may. */
function checkCells(field: string, template: Template, { columns, rows }: RowsMessage): void {
  for (const part of template) {
    if (typeof part === 'string' || part.kind !== 'row') continue;
    const wrong = rows.findIndex(({ cells }) => !fieldValue.test(cells[part.column]!));
    if (wrong < 0) continue;
    const found = `${JSON.stringify(columns[part.column])} of row ${wrong + 1}: ${rows[wrong]!.cells[part.column]}`;
    throw new RequestError(field, found, 'text without line breaks and control characters, of ISO 8859-1');
  }
}

function bodyOf(body: Buffer, columns: readonly string[]): TemplateSpec['body'] {
  const text = body.toString();
  // Bytes that are no text have no places; as text they would not be the same.
  if (!isTemplate(text) || !Buffer.from(text).equals(body)) return undefined;
  const template = parse('body', text, columns);
  return { template, isJson: isJson(template) };
}

/** A request with templates, taken apart, for `count` clients. @throws RequestError at the first field that does not fit. */
export function templateSpec(request: HttpRequest, count: number): TemplateSpec {
  const rows = request.rows ?? { columns: [], rows: [], order: RowOrder.UNSPECIFIED };
  const checkedRows = request.rows === undefined ? undefined : rowsOf(request.rows);
  const path = parse('path', request.path || '/', rows.columns);
  const headers = Object.entries(request.headers).map(([name, text]) => {
    const field = `headers[${JSON.stringify(name)}]`;
    const template = parse(field, text, rows.columns);
    checkCells(field, template, rows);
    return [name, template] as const;
  });
  const zeros = headers.map(([name, template]) => [name, withZeros(template)] as const);
  const { first = 0, step = 0, total = 0 } = request.numbers ?? {};
  return {
    request: outgoingRequest({ ...request, path: withZeros(path), headers: Object.fromEntries(zeros) }),
    path,
    headers: Object.fromEntries(headers.filter(([name]) => isTemplate(request.headers[name]!))),
    body: bodyOf(request.body, rows.columns),
    rows: checkedRows,
    seed: request.seed,
    numbers: { first, step: step || 1, total: total || count },
  };
}
