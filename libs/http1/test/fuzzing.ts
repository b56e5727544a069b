import type { Server } from 'node:http';
import type { Kind, Limits } from '../src/index.ts';
import { differences, strictness } from './differences.ts';
import { below, message, mutate, pick, type Random, randomOf } from './mutation.ts';
import { askClient, askServer, makeServer, type NodeMessage, type NodeTold } from './node-oracle.ts';
import { type TellOptions, type Told, type ToldMessage, tell } from './tell.ts';

/** An input, and what it is read as. */
export interface Input {
  readonly kind: Kind;
  /** The method that a response answers; `other` for requests. */
  readonly answers: 'HEAD' | 'CONNECT' | 'other';
  /** latin1 */
  readonly text: string;
}

interface Finding {
  readonly input: Input;
  readonly what: string;
}

export interface FuzzResult {
  executions: number;
  /** Inputs that both read to the same end; ours refused alone, by code; node's refused alone, by the named difference. */
  agreed: number;
  refusedByUs: Record<string, number>;
  refusedByNode: Record<string, number>;
  findings: Finding[];
  /** Inputs with an outcome that none before had. */
  fresh: Input[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly corpus: readonly Input[];
  /** Called before each execution. */
  goesOn(executions: number): boolean;
}

const limits: Limits = { headBytes: 4096, fields: 64 };
/** Small, so that random inputs reach them. */
const tight: Limits = { headBytes: 48, fields: 3 };

/** The shape of what was told, of which one input each is kept. */
function signature({ kind }: Input, told: Told): string {
  const last = told.messages.at(-1);
  const shape = last && [last.framing, last.trailers.length > 0, last.end >= 0];
  return JSON.stringify([kind, told.fault, shape]);
}

/** RFC 9110, section 7.8: node's server takes what follows a request to upgrade for another protocol, or drops it. */
const upgrades = ({ fields }: ToldMessage) => fields.some(field => /^upgrade:/i.test(field));

const isInterim = ({ start }: ToldMessage, kind: Kind) => kind === 'response' && /^.{9}1/.test(start);

/** Where the first message ends behind which node reads on in another way, or not at all: what is compared. */
function comparedLength({ kind, text }: Input, told: Told): number {
  const last = told.messages.find(
    message => message.end >= 0 && !isInterim(message, kind) && (kind === 'response' || !message.persistent || upgrades(message)),
  );
  return last?.end ?? text.length;
}

/** Is it the head of a tunnel to node, which is no body to it whatever the fields say? */
const opensTunnel = ({ start }: ToldMessage | NodeMessage, { kind, answers }: Input) =>
  kind === 'request' ? start.startsWith('CONNECT ') : answers === 'CONNECT' && !/^.{9}1(?!01)/.test(start);

function textOf({ start, fields, body, trailers }: ToldMessage | NodeMessage, isTunnel: boolean): string {
  return JSON.stringify(isTunnel ? [start, fields] : [start, fields, body, trailers]);
}

/** What of both is to be equal: complete messages, up to the first tunnel. */
function compared(told: Told, nodes: NodeTold, input: Input): { ours: string[]; theirs: string[]; isTunnel: boolean } {
  const last = told.messages.findIndex(message => opensTunnel(message, input));
  const most = last === -1 ? told.messages.length : last + 1;
  const isTold = (message: ToldMessage) =>
    message.end >= 0 || message.framing === 'tunnel' || isInterim(message, input.kind) || opensTunnel(message, input);
  const ours = told.messages.slice(0, most).filter(isTold);
  const theirs = nodes.messages.filter(({ complete }) => complete);
  return {
    ours: ours.map(message => textOf(message, opensTunnel(message, input))),
    theirs: theirs.map(message => textOf(message, opensTunnel(message, input))),
    isTunnel: last !== -1,
  };
}

function checkCuts(random: Random, { kind, text, answers }: Input): Told {
  const input = Buffer.from(text, 'latin1');
  const told = tell(kind, input, { answers: [answers, 'other'], limits });
  const every = Array.from({ length: Math.max(0, input.length - 1) }, (_, i) => i + 1);
  const some = every.filter(() => random() < 0.1);
  for (const within of [limits, tight]) {
    const options: TellOptions = { answers: [answers, 'other'], limits: within };
    const whole = JSON.stringify(within === limits ? told : tell(kind, input, options));
    for (const cuts of [every, some, input.length > 1 ? [1 + below(random, input.length - 1)] : []]) {
      const cut = JSON.stringify(tell(kind, input, { ...options, cuts }));
      if (cut !== whole) throw new Error(`cut at ${cuts} it tells ${cut} and not ${whole}`);
    }
  }
  return told;
}

async function compare(input: Input, server: Server, result: FuzzResult): Promise<string | undefined> {
  const { kind, answers } = input;
  const all = tell(kind, Buffer.from(input.text, 'latin1'), { answers: [answers, 'other'], limits });
  const text = input.text.slice(0, comparedLength(input, all));
  const bytes = Buffer.from(text, 'latin1');
  const ours = tell(kind, bytes, { answers: [answers, 'other'], limits });
  const method = answers === 'other' ? 'GET' : answers;
  const nodes = kind === 'request' ? await askServer(bytes, server) : await askClient(bytes, method, 1 << 16);
  // An empty response is an end of the connection, of which node's client makes an error.
  if (text === '' && kind === 'response') return undefined;
  const { ours: mine, theirs, isTunnel } = compared(ours, nodes, input);
  const isAlike = JSON.stringify(mine) === JSON.stringify(theirs);
  // Both refuse: node ends the connection at once then, and may not have told what was complete before.
  const bothRefuse = ours.fault !== undefined && nodes.fault !== undefined;
  if (bothRefuse || (isAlike && (isTunnel || (ours.fault === undefined) === (nodes.fault === undefined)))) {
    result.agreed++;
    return undefined;
  }
  const found = { text, kind, answers, ours, nodes };
  const named = differences.find(({ applies }) => applies(found));
  if (named !== undefined) {
    result.refusedByNode[named.name] = (result.refusedByNode[named.name] ?? 0) + 1;
    return undefined;
  }
  const allowed =
    ours.fault !== undefined && strictness.find(({ code, applies }) => code === ours.fault && (applies?.(found) ?? true));
  if (allowed) {
    result.refusedByUs[allowed.code] = (result.refusedByUs[allowed.code] ?? 0) + 1;
    return undefined;
  }
  return `we tell ${mine} and ${ours.fault ?? 'no fault'}, node ${theirs} and ${nodes.fault ?? 'no fault'}`;
}

/** Runs one input. @returns what is wrong */
async function execute(random: Random, input: Input, server: Server, result: FuzzResult): Promise<string | undefined> {
  result.executions++;
  try {
    checkCuts(random, input);
    return await compare(input, server, result);
  } catch (error) {
    return (error as Error).stack;
  }
}

/** Makes inputs from the corpus and from nothing, and runs them, until `goesOn` says no. */
export async function fuzz({ seed, corpus, goesOn }: FuzzOptions): Promise<FuzzResult> {
  const random = randomOf(seed);
  const result: FuzzResult = { ...{ executions: 0, agreed: 0, refusedByUs: {}, refusedByNode: {} }, findings: [], fresh: [] };
  const server = makeServer(1 << 16);
  const pool = [...corpus];
  const seen = new Set(pool.map(input => signature(input, toldOf(input))));
  const whats = new Set<string>();
  for (const input of corpus) {
    const what = await execute(random, input, server, result);
    if (what !== undefined) result.findings.push({ input, what });
  }
  while (goesOn(result.executions)) {
    const input = next(random, pool);
    const what = await execute(random, input, server, result);
    if (what !== undefined && whats.size < 50 && !whats.has(what)) {
      whats.add(what);
      result.findings.push({ input, what });
    }
    if (what !== undefined) continue;
    const shape = signature(input, toldOf(input));
    if (seen.has(shape)) continue;
    seen.add(shape);
    pool.push(input);
    result.fresh.push(input);
  }
  server.close();
  return result;
}

const toldOf = ({ kind, text, answers }: Input) =>
  tell(kind, Buffer.from(text, 'latin1'), { answers: [answers, 'other'], limits });

function next(random: Random, pool: readonly Input[]): Input {
  const kind = random() < 0.5 ? 'request' : 'response';
  const answers = kind === 'request' || random() < 0.8 ? 'other' : pick(random, ['HEAD', 'CONNECT'] as const);
  let text = message(random, kind);
  while (random() < 0.2) text += message(random, kind);
  const made: Input = { kind, answers, text };
  if (random() < 0.4 || pool.length === 0) return made;
  const base = random() < 0.7 ? pick(random, pool) : made;
  return { ...base, text: mutate(random, base.text, pick(random, pool).text) };
}
