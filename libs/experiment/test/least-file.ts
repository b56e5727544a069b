import { type ExperimentSpec, formatProblem, type ParseOptions, parseExperiment } from '../src/index.ts';

/** The least file, with places to put something else in. */
export function file(
  parts: { head?: string; service?: string; request?: string; workload?: string; arrival?: string; end?: string } = {},
): string {
  return `name: least
duration: 10s
${parts.head ?? ''}
services:
  - name: pi
    ${parts.service ?? 'process: { command: [node, pi.ts] }'}
workloads:
  - service: pi
    ${parts.workload ?? ''}
    request: ${parts.request ?? '{ path: /function/pi }'}
    arrival: ${parts.arrival ?? '{ constant: 20ms }'}
${parts.end ?? ''}
`;
}

/** @throws Error with all problems */
export function parsed(text: string, options: Partial<ParseOptions> = {}): ExperimentSpec {
  const result = parseExperiment(text, { fileName: 'pi.yaml', ...options });
  if (!result.ok) throw new Error(result.problems.map(problem => formatProblem('pi.yaml', problem)).join('\n'));
  return result.spec;
}

/** What is wrong with a file, as people read it. */
export function problems(text: string, options: Partial<ParseOptions> = {}): string[] {
  const result = parseExperiment(text, { fileName: 'pi.yaml', ...options });
  return result.ok ? [] : result.problems.map(problem => formatProblem('pi.yaml', problem));
}
