// What a process has used and holds, from /proc: for figures without a load that could report them.
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process and its threads that live, seconds. */
export function cpuSeconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += nanosecondsOf(pid, thread);
  }
  return nanoseconds / 1e9;
}

/** 0 for a thread that ended since it was listed: a JVM that starts has many of those. */
function nanosecondsOf(pid, thread) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return 0;
    throw error;
  }
}

/** Memory that is the process's own, without mapped files, MB. */
export const privateMegabytes = (pid) => megabytes(pid, 'RssAnon');

/** All of it, mapped files and what it shares with others too, MB. */
export const residentMegabytes = (pid) => megabytes(pid, 'VmRSS');

const megabytes = (pid, name) => bytesIn(`/proc/${pid}/status`, name) / 1e6;

/** A figure of a file of /proc that has a line `name: 1234 kB` for it. */
export function bytesIn(path, name) {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(path, 'latin1'));
  return Number(kilobytes) * 1024;
}
