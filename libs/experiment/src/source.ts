import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { fieldOf, type Path, type Problem } from './problem.ts';

/** A YAML file, read, with a way back from each value to where and how it was written. */
export interface Source {
  /** Plain values: mappings are objects, lists arrays. */
  readonly value: unknown;
  /** What is wrong with the YAML itself. */
  readonly problems: readonly Problem[];
  /** False if the YAML is so broken that `value` says nothing. */
  readonly readable: boolean;
  /** Is there such a field? */
  has(path: Path): boolean;
  /** Keys of a mapping; none if it is something else. */
  keys(path: Path): string[];
  /** A problem at a field's value, or, if there is no such field, where the mapping begins that should hold it. */
  problemAt(path: Path, message: string): Problem;
  /** A problem at a character of a text; at its begin if the text is written in a way that moves its characters. */
  problemWithin(path: Path, position: number, message: string): Problem;
  /** A problem at the key of a field. */
  problemAtKey(path: Path, message: string): Problem;
  /** A value as it was written, for messages: `"expo"`, `-5`, `a list`, `nothing`. */
  written(path: Path): string;
  /** The text of a field as it was written, before references were put in; undefined if it is no text. */
  textAt(path: Path): string | undefined;
}

/** What stands for a text of the file in `Source.value`; it may report problems of the text. */
export type TextReader = (text: string, refuse: (message: string) => void, path: Path) => string;

interface Place {
  readonly node: Node | null;
  readonly key: Node | undefined;
}

/** A file of this many values, or nested this deeply, is no experiment; aliases can make one of a few lines endless. */
const maxValues = 100_000;
const maxDepth = 50;
const maxWritten = 80;
/** One slip can make hundreds of syntax errors; the first ones tell. */
const maxErrors = 10;

function placeKey(path: Path): string {
  return JSON.stringify(path);
}

/** How a node reads in a message. Long texts are cut. */
function describe(node: Node | null | undefined): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value !== 'string') return node.source ?? String(node.value);
  return JSON.stringify(node.value.length > maxWritten ? `${node.value.slice(0, maxWritten)}…` : node.value);
}

/** Reads YAML 1.2. Nothing is thrown: what is wrong is in `problems`. */
export function readSource(text: string, readText: TextReader = value => value): Source {
  const lines = new LineCounter();
  // Duplicate keys are found below, where the path of the field is known.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  // The document is read in its order, so these are the anchors that stand before an alias.
  const anchors = new Map<string, Node>();
  let values = 0;
  let tooLarge = false;

  const problem = (offset: number, path: Path, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), field: fieldOf(path), message };
  };
  const begin = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;

  const keyText = (key: unknown): string | undefined => {
    if (!isScalar(key)) return undefined;
    return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
  };

  function readMap(node: Node & { items: { key: unknown; value: unknown }[] }, path: Path): unknown {
    const entries: [string, unknown][] = [];
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = keyText(key);
      if (name === undefined) {
        problems.push(problem(begin((key as Node | null) ?? node), path, 'found a key that is no text; allowed: text'));
        continue;
      }
      const inner = [...path, name];
      if (seen.has(name)) {
        problems.push(problem(begin(key as Node), inner, 'found the key a second time; allowed: once'));
        continue;
      }
      seen.add(name);
      entries.push([name, read(value as Node | null, inner, key as Node)]);
    }
    // Unlike an assignment, this makes a key `__proto__` a property like any other.
    return Object.fromEntries(entries);
  }

  function read(node: Node | null, path: Path, key?: Node): unknown {
    if (++values > maxValues || path.length > maxDepth) {
      tooLarge = true;
      return undefined;
    }
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) {
        problems.push(problem(begin(node), path, `found *${node.source}; allowed: an anchor that stands before it`));
        return undefined;
      }
      return read(target, path, key);
    }
    if (node?.anchor !== undefined) anchors.set(node.anchor, node);
    places.set(placeKey(path), { node, key });
    if (isMap(node)) return readMap(node as Parameters<typeof readMap>[0], path);
    if (isSeq(node)) return node.items.map((item, index) => read(item as Node | null, [...path, index]));
    if (!isScalar(node)) return null;
    if (typeof node.value !== 'string') return node.value;
    return readText(node.value, message => problems.push(problem(begin(node), path, message)), path);
  }

  for (const { pos, message } of [...document.errors, ...document.warnings].slice(0, maxErrors)) {
    const line = text.slice(text.lastIndexOf('\n', pos[0]) + 1).split('\n', 1)[0]!;
    const hint = /[[{].*\$\{env:/.test(line) ? '; within [ ] and { } a reference to the environment has to stand in quotes' : '';
    problems.push(problem(pos[0], [], `this is not valid YAML: ${message}${hint}`));
  }
  const readable = problems.length === 0;
  const value = readable ? read(document.contents as Node | null, []) : undefined;
  if (tooLarge) problems.push(problem(0, [], `found too many values; allowed: ${maxValues}, nested at most ${maxDepth} deep`));

  return {
    value,
    problems,
    readable: readable && !tooLarge,
    has: path => places.has(placeKey(path)),
    keys(path) {
      const node = places.get(placeKey(path))?.node;
      return isMap(node) ? node.items.map(item => keyText(item.key) ?? '') : [];
    },
    problemAt(path, message) {
      let known = path;
      while (known.length > 0 && !places.has(placeKey(known))) known = known.slice(0, -1);
      const place = places.get(placeKey(known));
      return problem(begin(place?.node ?? place?.key), path, message);
    },
    problemWithin(path, position, message) {
      const node = places.get(placeKey(path))?.node;
      const start = begin(node) + (isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') ? 1 : 0);
      const asWritten = isScalar(node) && typeof node.value === 'string' && text.startsWith(node.value, start);
      return problem(asWritten ? start + position : begin(node), path, message);
    },
    problemAtKey(path, message) {
      const place = places.get(placeKey(path));
      return problem(begin(place?.key ?? place?.node), path, message);
    },
    written: path => describe(places.get(placeKey(path))?.node),
    textAt(path) {
      const node = places.get(placeKey(path))?.node;
      return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
    },
  };
}
