import { readFileSync } from 'node:fs';

/** CPU time of a process with all its threads so far, microseconds; exact to 10 ms. */
export function cpuOf(pid: number): number {
  // The name may hold spaces and parentheses; the 14th and 15th field are user and system time in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident memory of a process, MB. */
export function residentOf(pid: number): number {
  return (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024) / 1e6;
}
