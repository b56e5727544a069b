import { ExperimentStatus, type WatchExperimentResponse } from '@galileo/proto/orchestrator';
import { createPaint } from './render/paint.ts';
import { progressLine } from './render/progress-line.ts';
import { wrap } from './render/wrap.ts';
import type { Terminal } from './terminal.ts';

/** Shows how far an experiment is. */
export interface Progress {
  /** What is done before there is an experiment to watch. */
  before(phase: string): void;
  /** The experiment is known from now on. */
  begin(name: string, id: string): void;
  update(message: WatchExperimentResponse): void;
  /** Something notable; a line that stays. */
  notice(line: string): void;
  /** Removes what was only for the moment. */
  end(): void;
}

const clearLine = '\r\u001b[K';

/** One line that is drawn over again and again; notices stay above it. */
function liveProgress(terminal: Terminal): Progress {
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
    begin: (name, id) => keep(`${name} runs as experiment ${id}`),
    update(message) {
      for (const line of message.notices) notice(line);
      // The last column stays free: some terminals break the line when it is written.
      draw(progressLine(message, terminal.errWidth() - 1));
    },
    notice,
    end: () => draw(''),
  };
}

/** Seconds between two lines of figures where lines can't be drawn over. */
const plainPeriod = 5;

/** A line per phase, and one every few seconds while load is generated. */
function plainProgress(terminal: Terminal, now: () => number): Progress {
  let shown = '';
  let next = 0;
  const notice = (line: string) => terminal.err(`! ${line}\n`);
  return {
    before: () => {},
    begin: (name, id) => terminal.err(`${name} runs as experiment ${id}\n`),
    update(message) {
      for (const line of message.notices) notice(line);
      const { experiment, phase, queuePosition, load } = message;
      const running = experiment?.status === ExperimentStatus.RUNNING && load !== undefined;
      const key = running ? 'running' : `${experiment?.status} ${phase} ${queuePosition}`;
      if (key === shown && !(running && now() >= next)) return;
      shown = key;
      next = now() + plainPeriod;
      terminal.err(`${progressLine(message, Number.POSITIVE_INFINITY)}\n`);
    },
    notice,
    end: () => {},
  };
}

/** Only what goes wrong: for programs that read the JSON object. */
function quietProgress(terminal: Terminal): Progress {
  const notice = (line: string) => terminal.err(`! ${line}\n`);
  const nothing = () => {};
  return { before: nothing, begin: nothing, update: ({ notices }) => notices.forEach(notice), notice, end: nothing };
}

/** Progress on stderr: a live line on a terminal; otherwise plain lines, or only notices where `quiet`. `now` is monotonic, seconds. */
export function createProgress(terminal: Terminal, quiet: boolean, now: () => number = () => performance.now() / 1000): Progress {
  if (terminal.live) return liveProgress(terminal);
  return quiet ? quietProgress(terminal) : plainProgress(terminal, now);
}
