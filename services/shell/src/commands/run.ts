import { createRedaction } from '@galileo/experiment';
import { type Experiment, ExperimentStatus, type Report } from '@galileo/proto/orchestrator';
import { hasEnded, statusName } from '@galileo/sdk';
import type { ClientError } from 'nice-grpc';
import type { App, Register } from '../app.ts';
import { chooseTarget, type TargetFlags } from '../config.ts';
import { planExperiment } from '../dry-run.ts';
import { explain, isUnreachable } from '../errors.ts';
import { type ExitCode, exitCodeOf, exitCodes } from '../exit-codes.ts';
import { type ExperimentFile, readExperimentFile } from '../experiment-file.ts';
import { follow } from '../follow.ts';
import { createProgress, type Progress } from '../progress.ts';
import { createPaint } from '../render/paint.ts';
import { planJson, renderPlan } from '../render/plan.ts';
import { renderReport } from '../render/report.ts';
import { failureJson, reportJson } from '../render/report-json.ts';
import { type Session, withSession } from '../session.ts';
import { examples } from './examples.ts';
import { addTargetOptions } from './target-options.ts';

interface Flags extends TargetFlags {
  readonly json?: true;
  readonly dryRun?: true;
}

function dryRun({ spec: full, environment, seedDrawn }: ExperimentFile, flags: Flags, { terminal }: App): ExitCode {
  const redact = createRedaction(environment);
  const spec = { ...full, name: redact(full.name) };
  const plan = planExperiment(full, redact);
  if (flags.json) terminal.out(`${JSON.stringify(planJson(spec, plan), null, 2)}\n`);
  else terminal.out(renderPlan(spec, plan, { paint: createPaint(terminal.outColour), width: terminal.outWidth() }));
  if (seedDrawn) terminal.err('the file has no seed: this one was drawn, and a run draws another\n');
  return exitCodes.success;
}

/** Submits the experiment and stays with it to its end. */
async function carryOut(session: Session, file: ExperimentFile, progress: Progress, flags: Flags, app: App): Promise<ExitCode> {
  const { interrupts } = app;
  const { experimentId } = await session.client.submitExperiment({
    file: file.text,
    fileName: file.fileName,
    directory: app.directory,
    environment: file.environment,
    creator: app.user,
    attached: true,
    recordings: Object.fromEntries(Object.entries(file.recordings).map(([name, numbers]) => [name, { numbers: [...numbers] }])),
    files: file.files,
  });
  session.commit();
  progress.begin(file.spec.name, experimentId);
  let last: Experiment | undefined;
  const seen = (experiment: Experiment) => {
    last = experiment;
  };
  try {
    await follow(session, experimentId, progress, interrupts, seen);
    progress.end();
    const { report } = await session.client.getReport({ experimentId }, { signal: interrupts.second });
    if (report === undefined) throw new Error(`the orchestrator gave no report of ${experimentId}`);
    return conclude(report, flags, app);
  } catch (error) {
    progress.end();
    return breakOff(last, experimentId, whyBroken(error, session, last, experimentId, app), flags, app);
  }
}

/** Prints the report of an experiment that has ended. */
function conclude(report: Report, flags: Flags, { terminal }: App): ExitCode {
  const { experiment } = report;
  if (!flags.json) {
    terminal.out(renderReport(report, { paint: createPaint(terminal.outColour), width: terminal.outWidth() }));
    return exitCodeOf(report);
  }
  terminal.out(`${JSON.stringify(reportJson(report), null, 2)}\n`);
  // In the text the reason stands at the top; an object is read by a program, and this line by who looks at its log.
  if (experiment?.status === ExperimentStatus.FAILED) {
    terminal.err(`${createPaint(terminal.errColour)('red', 'galileo')}: ${experiment.id} failed: ${experiment.reason}\n`);
  }
  return exitCodeOf(report);
}

/** Why there is no report of an experiment that was begun. */
function whyBroken(error: unknown, session: Session, last: Experiment | undefined, id: string, { interrupts }: App): string {
  if (interrupts.second.aborted) return 'its end was not waited for; the orchestrator goes on with it';
  if (session.logFile !== undefined || !isUnreachable(error)) return explain(error, session);
  const during = last === undefined || hasEnded(last.status) ? '' : ` while the experiment was ${statusName(last.status)}`;
  const lost = `the orchestrator at ${session.address} was lost${during} (${(error as ClientError).details})`;
  return `${lost}; when it runs again, "galileo report ${id}" tells what became of the experiment`;
}

/** Says what is known of an experiment that has no report. */
function breakOff(last: Experiment | undefined, id: string, why: string, flags: Flags, { terminal, interrupts }: App): ExitCode {
  const reason = last?.reason ? `${last.reason}; ${why}` : why;
  terminal.err(`${createPaint(terminal.errColour)('red', 'galileo')}: ${id}: ${reason}\n`);
  if (flags.json && last !== undefined) terminal.out(`${JSON.stringify(failureJson(last, reason), null, 2)}\n`);
  return interrupts.first.aborted ? exitCodes.cancelled : exitCodes.failure;
}

async function run(path: string, flags: Flags, app: App): Promise<ExitCode> {
  const target = chooseTarget(flags, app.env);
  const file = await readExperimentFile(path, app.env, target.kind === 'local' ? 'process' : undefined);
  if (flags.dryRun) return dryRun(file, flags, app);
  const progress = createProgress(app.terminal, flags.json === true);
  progress.before(target.kind === 'local' ? 'starting standalone' : `connecting to ${target.address}`);
  try {
    return await withSession(target, app.env, app.interrupts, session => carryOut(session, file, progress, flags, app));
  } finally {
    progress.end();
  }
}

const exitCodeHelp = `
Exit codes:
  0  the experiment is valid and its thresholds hold
  1  it failed, or something else went wrong
  2  the command or the file is wrong; nothing was started
  3  a threshold does not hold
  4  the experiment is INVALID: its figures may not be trusted
  130  it was cancelled (Ctrl-C)`;

export const registerRun: Register = (parent, app, exit) => {
  addTargetOptions(parent.command('run'))
    .description('run an experiment and print its report')
    .argument('<file>', 'experiment file (YAML)')
    .option('--json', 'print the report as one JSON object (seconds, bytes, cores)')
    .option('--dry-run', 'print where replicas go and when requests are due, and start nothing')
    .addHelpText('after', exitCodeHelp)
    .addHelpText(
      'after',
      examples(
        'galileo run examples/pi.yaml',
        'galileo run examples/pi.yaml --dry-run',
        'galileo run examples/pi.yaml --json > report.json',
        'galileo run examples/pi.yaml --orchestrator node-a:50050',
      ),
    )
    .action(async (file, flags) => exit(await run(file, flags, app)));
};
