import type { RecordingFormat } from './format.ts';
import { readNumber } from './number-text.ts';
import { checkCount, mostNumbers, quote, refuse } from './recording-error.ts';

// Python's pickle format, as far as a list of numbers needs it (Lib/pickletools.py of CPython describes all of it).
// A pickle is a program for a stack machine that can call any function. This one knows no opcode that names or calls
// something: whatever is not a list of numbers is refused.

const allowed = 'a pickled list of floats';

/** What opcodes that are refused stand for, so that people see what their list holds. */
const others: Readonly<Record<string, string>> = {
  c: 'the name of something to be called (a numpy number or array?)',
  '\x93': 'the name of something to be called (a numpy number or array?)',
  R: 'a call',
  N: 'None',
  '}': 'a dict',
  d: 'a dict',
  ')': 'a tuple',
  t: 'a tuple',
  '\x85': 'a tuple',
  '\x86': 'a tuple',
  '\x87': 'a tuple',
  '\x88': 'True',
  '\x89': 'False',
  '\x8c': 'a text',
  '\x8d': 'a text',
  X: 'a text',
  V: 'a text',
  U: 'a text',
  T: 'a text',
  S: 'a text',
  C: 'bytes',
  B: 'bytes',
  '\x8e': 'bytes',
  h: 'a reference',
  j: 'a reference',
  g: 'a reference',
};

const mark = Symbol('mark');
const list = Symbol('list');
type Item = number | typeof mark | typeof list;

/** The machine: it can hold one list, marks and numbers. */
interface Machine {
  readonly numbers: number[];
  readonly stack: Item[];
  /** Reads so many bytes. */
  take(count: number): DataView;
  /** Reads up to a newline. */
  line(): string;
  /** Begin of the opcode at work, for messages. */
  readonly place: string;
}

function pushList({ stack, place }: Machine): void {
  if (stack.includes(list)) refuse(place, 'a second list', allowed);
  stack.push(list);
}

/** Moves what lies above the top mark into the list, which has to lie below it; `made` puts the list there first. */
function appendMarked(machine: Machine, made: boolean): void {
  const { stack, numbers, place } = machine;
  const at = stack.lastIndexOf(mark);
  const items = at < 0 ? [] : stack.splice(at).slice(1);
  if (at < 0 || !items.every(item => typeof item === 'number')) refuse(place, 'an unexpected stack', allowed);
  if (made) pushList(machine);
  if (stack.at(-1) !== list) refuse(place, 'numbers without a list', allowed);
  for (const item of items) numbers.push(item as number);
  if (numbers.length > mostNumbers) checkCount(numbers.length);
}

function append({ stack, numbers, place }: Machine): void {
  const item = stack.pop();
  if (typeof item !== 'number' || stack.at(-1) !== list) refuse(place, 'an unexpected stack', allowed);
  numbers.push(item as number);
}

function push({ stack, place }: Machine, value: number): void {
  if (!Number.isFinite(value)) refuse(place, String(value), 'a finite number');
  stack.push(value);
}

/** A Python int of up to 8 bytes, little-endian, two's complement. */
function pushLong(machine: Machine, size: number): void {
  if (size > 8) refuse(machine.place, `a whole number of ${size} bytes`, 'at most 8');
  const view = machine.take(size);
  let value = 0n;
  for (let i = size - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(view.getUint8(i));
  push(machine, Number(BigInt.asIntN(size * 8, value)));
}

/** `I01` and `I00` are booleans. */
function pushInt(machine: Machine): void {
  const text = machine.line();
  if (text === '01' || text === '00') refuse(machine.place, text === '01' ? 'True' : 'False', allowed);
  push(machine, readNumber(text, machine.place));
}

/** A frame only says how many bytes to read ahead. */
function frame(machine: Machine): void {
  machine.take(8);
}

/** What the opcodes do, by their character. */
const opcodes: Readonly<Record<string, (machine: Machine) => void>> = {
  '(': ({ stack }) => stack.push(mark),
  ']': pushList,
  l: machine => appendMarked(machine, true),
  e: machine => appendMarked(machine, false),
  a: append,
  F: machine => push(machine, readNumber(machine.line(), machine.place)),
  G: machine => push(machine, machine.take(8).getFloat64(0, false)),
  I: pushInt,
  L: machine => push(machine, readNumber(machine.line().replace(/L$/, ''), machine.place)),
  J: machine => push(machine, machine.take(4).getInt32(0, true)),
  K: machine => push(machine, machine.take(1).getUint8(0)),
  M: machine => push(machine, machine.take(2).getUint16(0, true)),
  '\x8a': machine => pushLong(machine, machine.take(1).getUint8(0)),
  '\x95': frame,
  // The memo is only written: what would read it is a reference, and a list of numbers has none.
  '\x94': () => {},
  p: machine => void machine.line(),
  q: machine => void machine.take(1),
  r: machine => void machine.take(4),
};

/** Latest protocol of Python. */
const latestProtocol = 5;

function checkProtocol(content: Uint8Array): number {
  if (content[0] !== 0x80) return 0;
  if (content.length < 2 || content[1]! > latestProtocol) {
    refuse('byte 1', content.length < 2 ? 'the end' : `protocol ${content[1]}`, `a protocol from 0 to ${latestProtocol}`);
  }
  return 2;
}

function read(content: Uint8Array): number[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let at = checkProtocol(content);
  let place = '';
  const take = (count: number): DataView => {
    if (at + count > content.length) refuse(`byte ${content.length}`, 'the end', 'the rest of the pickle');
    at += count;
    return new DataView(view.buffer, view.byteOffset + at - count, count);
  };
  const line = (): string => {
    const end = content.indexOf(10, at);
    if (end < 0 || end - at > 1000) refuse(place, 'a line without end', 'a short line');
    const text = Buffer.from(content.subarray(at, end)).toString('latin1');
    at = end + 1;
    return text;
  };
  const machine = {
    numbers: [] as number[],
    stack: [] as Item[],
    take,
    line,
    get place() {
      return place;
    },
  };
  for (;;) {
    place = `byte ${at}`;
    const code = String.fromCharCode(take(1).getUint8(0));
    if (code === '.') break;
    const run = Object.hasOwn(opcodes, code) ? opcodes[code]! : undefined;
    if (run === undefined) refuse(place, others[code] ?? `the opcode ${quote(code)}`, allowed);
    else run(machine);
  }
  if (machine.stack.length !== 1 || machine.stack[0] !== list) refuse(place, 'no list', allowed);
  if (at < content.length) refuse(`byte ${at}`, 'more after the end of the pickle', 'nothing');
  checkCount(machine.numbers.length);
  return machine.numbers;
}

/** Python appends to a list in batches of this many. */
const batch = 1000;

/** Protocol 2, which every Python from 2.3 on reads: PROTO 2, EMPTY_LIST, then per batch MARK, floats, APPENDS, then STOP. */
function write(numbers: readonly number[]): Buffer {
  const batches = Math.ceil(numbers.length / batch);
  const content = Buffer.alloc(4 + 2 * batches + 9 * numbers.length);
  let at = content.write('\x80\x02]', 0, 'latin1');
  for (const [index, value] of numbers.entries()) {
    if (index % batch === 0) at += content.write('(', at, 'latin1');
    at += content.write('G', at, 'latin1');
    at = content.writeDoubleBE(value, at);
    if (index % batch === batch - 1 || index === numbers.length - 1) at += content.write('e', at, 'latin1');
  }
  content.write('.', at, 'latin1');
  return content;
}

/** What `pickle.dump([0.1, 0.2], file)` writes in Python, with any protocol from 0 to 5. */
export const pickle: RecordingFormat<'pkl'> = { name: 'pkl', read, write };
