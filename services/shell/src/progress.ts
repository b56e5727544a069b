import { ExperimentStatus, type WatchExperimentResponse } from '@galileo/proto/orchestrator';
import { createPaint } from './render/paint.ts';
import { progressLine } from './render/progress-line.ts';
import { wrap } from './render/wrap.ts';
import type { Terminal } from './terminal.ts';

/** Shows how far something is that is watched: an experiment, unless told otherwise. */
export interface Progress<Message = WatchExperimentResponse> {
  /** What is done before there is something to watch. */
  before(phase: string): void;
  /** It is known from now on. */
  begin(name: string, id: string): void;
  update(message: Message): void;
  /** Something notable; a line that stays. */
  notice(line: string): void;
  /** Removes what was only for the moment. */
  end(): void;
}

/** How that which is watched is put. */
export interface Subject<Message> {
  /** What is said when it begins. */
  begin(name: string, id: string): string;
  /** How far it is, in at most `width` columns. */
  line(message: Message, width: number): string;
  notices(message: Message): readonly string[];
  /** Where lines can't be drawn over: one is written when its step is another than before, */
  step(message: Message): string;
  /** and one every few seconds while this holds. */
  moves(message: Message): boolean;
}

const experiments: Subject<WatchExperimentResponse> = {
  begin: (name, id) => `${name} runs as experiment ${id}`,
  line: progressLine,
  notices: ({ notices }) => notices,
  step: message =>
    experiments.moves(message) ? 'running' : `${message.experiment?.status} ${message.phase} ${message.queuePosition}`,
  moves: ({ experiment, load }) => experiment?.status === ExperimentStatus.RUNNING && load !== undefined,
};

const clearLine = '\r\u001b[K';

/** One line that is drawn over again and again; notices stay above it. */
function liveProgress<Message>(terminal: Terminal, subject: Subject<Message>): Progress<Message> {
  const paint = createPaint(terminal.errColour);
  let drawn = '';
  const draw = (line: string) => {
    terminal.err(`${drawn === '' ? '' : clearLine}${line}`);
    drawn = line;
  };
  const keep = (text: string) => {
    const current = drawn;
    draw('');
    terminal.err(`${text}\n`);
    draw(current);
  };
  const notice = (line: string) => keep(paint('yellow', wrap(line, terminal.errWidth() - 1, '! ')));
  return {
    before: draw,
    begin: (name, id) => keep(subject.begin(name, id)),
    update(message) {
      for (const line of subject.notices(message)) notice(line);
      // The last column stays free: some terminals break the line when it is written.
      draw(subject.line(message, terminal.errWidth() - 1));
    },
    notice,
    end: () => draw(''),
  };
}

/** Seconds between two lines of figures where lines can't be drawn over. */
const plainPeriod = 5;

/** A line per step, and one every few seconds while figures move. */
function plainProgress<Message>(terminal: Terminal, subject: Subject<Message>, now: () => number): Progress<Message> {
  let shown = '';
  let next = 0;
  const notice = (line: string) => terminal.err(`! ${line}\n`);
  return {
    before: () => {},
    begin: (name, id) => terminal.err(`${subject.begin(name, id)}\n`),
    update(message) {
      for (const line of subject.notices(message)) notice(line);
      const step = subject.step(message);
      if (step === shown && !(subject.moves(message) && now() >= next)) return;
      shown = step;
      next = now() + plainPeriod;
      terminal.err(`${subject.line(message, Number.POSITIVE_INFINITY)}\n`);
    },
    notice,
    end: () => {},
  };
}

/** Only what goes wrong: for programs that read the JSON object. */
function quietProgress<Message>(terminal: Terminal, subject: Subject<Message>): Progress<Message> {
  const notice = (line: string) => terminal.err(`! ${line}\n`);
  const nothing = () => {};
  return { before: nothing, begin: nothing, update: message => subject.notices(message).forEach(notice), notice, end: nothing };
}

const monotonic = () => performance.now() / 1000;

/** Progress on stderr: a live line on a terminal; otherwise plain lines, or only notices where `quiet`. `now` is monotonic, seconds. */
export function createProgressOf<Message>(
  subject: Subject<Message>,
  terminal: Terminal,
  quiet: boolean,
  now: () => number = monotonic,
): Progress<Message> {
  if (terminal.live) return liveProgress(terminal, subject);
  return quiet ? quietProgress(terminal, subject) : plainProgress(terminal, subject, now);
}

/** Progress of an experiment; see `createProgressOf`. */
export function createProgress(terminal: Terminal, quiet: boolean, now: () => number = monotonic): Progress {
  return createProgressOf(experiments, terminal, quiet, now);
}
