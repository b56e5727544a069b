import { parseTemplate, type Template, TemplateError } from '@galileo/workload/template';
import type { Table } from './csv.ts';
import type { Path, Problem } from './problem.ts';
import { hasReference } from './references.ts';
import { type RequestFiles, requestsOf } from './request-files.ts';
import type { Source } from './source.ts';

const fields = ['path', 'query', 'headers', 'body', 'json'] as const;
const noTable: Table = { columns: [], rows: [] };
/** As the schema has it for what stands in the file itself. */
const headerText = /^[\t -~\u0080-\u00ff]*$/;

/** Are texts of this place in the file templates? */
export function mayHoldTemplates(path: Path): boolean {
  return path[0] === 'workloads' && path[2] === 'request' && fields.some(field => field === path[3]);
}

/** All texts below a value, and the keys of mappings in JSON, each with its place. */
function* texts(value: unknown, path: Path): Generator<{ text: string; path: Path }> {
  if (typeof value === 'string') yield { text: value, path };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    if (path[3] === 'json' && !Array.isArray(value)) yield { text: key, path: place };
    yield* texts(inner, place);
  }
}

function cellProblem(template: Template, { columns, rows }: Table): string | undefined {
  for (const part of template) {
    if (typeof part === 'string' || part.kind !== 'row') continue;
    const wrong = rows.find(cells => !headerText.test(cells[part.column]!));
    if (wrong === undefined) continue;
    const found = JSON.stringify(wrong[part.column]);
    return `found ${found} in the column ${columns[part.column]}; allowed in a header: text in one line, of ISO 8859-1`;
  }
  return undefined;
}

function templateProblem(source: Source, path: Path, error: TemplateError): Problem {
  const written = source.textAt(path) ?? '';
  if (!hasReference(written)) return source.problemWithin(path, error.position, error.message);
  return source.problemAt(path, `found ${source.written(path)}; allowed: ${error.allowed}`);
}

/** Finds templates that can't be filled in, and rows that no template names. */
export function templateProblems(source: Source, { tables }: RequestFiles): Problem[] {
  return requestsOf(source).flatMap(({ request, path }) => {
    const given = request as Record<string, unknown>;
    const file = (given['rows'] as { file?: unknown } | null | undefined)?.file;
    const table = typeof file === 'string' ? tables.get(file) : noTable;
    // What is wrong with the rows is told already.
    if (table === undefined) return [];
    let usesRows = false;
    const problems = fields
      .filter(field => Object.hasOwn(given, field))
      .flatMap(field => [...texts(given[field], [...path, field])])
      .flatMap(({ text, path: place }) => {
        try {
          const template = parseTemplate(text, table.columns);
          usesRows ||= template.some(part => typeof part !== 'string' && part.kind === 'row');
          const problem = place[3] === 'headers' ? cellProblem(template, table) : undefined;
          return problem === undefined ? [] : [source.problemAt(place, problem)];
        } catch (error) {
          if (error instanceof TemplateError) return [templateProblem(source, place, error)];
          throw error;
        }
      });
    if (usesRows || problems.length > 0 || table === noTable) return problems;
    return [
      source.problemAt([...path, 'rows'], 'found rows that no template names; allowed: rows with a {{row COLUMN}} beside them'),
    ];
  });
}
