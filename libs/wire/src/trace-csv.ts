import { malformed, type Parsed, parsed } from './parsed.ts';
import { parsePythonFloat, pythonFloat } from './python-float.ts';
import type { Trace } from './trace.ts';

const columns = 'request_id,client,service,created,sent,done,status,server,exp_id,headers,response'.split(',');

/** The row of column names, with its end. */
export const traceCsvHeader = `${columns.join(',')}\r\n`;

/** A field as Python's csv module writes it: quoted only where it must be. */
const csvField = (text: string | null) =>
  text !== null && /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : (text ?? '');

/** The row of a trace in a file of Galileo's file trace writer, with its end. */
export function formatTraceCsv(trace: Trace): string {
  const { requestId, client, service, server, expId, headers, response } = trace;
  const times = [trace.created, trace.sent, trace.done].map(pythonFloat);
  const texts = [server, expId, headers, response].map(csvField);
  return `${[...[requestId, client, service].map(csvField), ...times, trace.status, ...texts].join(',')}\r\n`;
}

/**
 * Reads a file of Galileo's file trace writer: CSV in Python's dialect (rows end with CRLF, quotes doubled, null empty) with a
 * row of column names, floats by `repr`, and neither `|` nor `\n` for anything. Null and the empty text look the same and are
 * read as null. The reason of a broken row names its number, the first trace being 1.
 */
export function parseTraceCsv(text: string): Parsed<Trace[]> {
  const rows = csvRows(text);
  if (!rows.ok) return rows;
  const [header, ...body] = rows.value;
  if (header === undefined || header.join(',') !== columns.join(','))
    return malformed('the first row is not the names of the columns');
  const traces: Trace[] = [];
  for (const [index, row] of body.entries()) {
    const trace = traceOf(row);
    if (!trace.ok) return malformed(`row ${index + 1}: ${trace.reason}`);
    traces.push(trace.value);
  }
  return parsed(traces);
}

function traceOf(row: readonly string[]): Parsed<Trace> {
  if (row.length !== columns.length) return malformed('not exactly 11 fields');
  const [requestId, client, service, createdText, sentText, doneText, statusText] = row as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (requestId === '') return malformed('request id is missing');
  if (client === '') return malformed('client is missing');
  if (service === '') return malformed('service is missing');
  const created = parsePythonFloat(createdText);
  if (created === undefined) return malformed('created is not a number');
  const sent = parsePythonFloat(sentText);
  if (sent === undefined) return malformed('sent is not a number');
  const done = parsePythonFloat(doneText);
  if (done === undefined) return malformed('done is not a number');
  if (!/^-?\d{1,9}$/.test(statusText)) return malformed('status is not a whole number');
  const [server, expId, headers, response] = row.slice(7).map(field => (field === '' ? null : field)) as [
    string | null,
    string | null,
    string | null,
    string | null,
  ];
  return parsed({
    requestId,
    client,
    service,
    created,
    sent,
    done,
    status: Number(statusText),
    server,
    expId,
    headers,
    response,
  });
}

/** A field, quoted or not, and what ends it: a comma, the end of the row (CRLF or LF) or of the text. */
const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function csvRows(text: string): Parsed<string[][]> {
  const rows: string[][] = [];
  let row: string[] = [];
  field.lastIndex = 0;
  while (field.lastIndex < text.length || row.length > 0) {
    const found = field.exec(text);
    if (found === null) return malformed('a quote is not closed or stands where none may');
    row.push(found[1] === undefined ? found[2]! : found[1].replaceAll('""', '"'));
    if (found[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return parsed(rows);
}
