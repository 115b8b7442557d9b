// What a process holds, as the kernel counts it.
import { readFileSync, readdirSync } from 'node:fs';

const MIB = 1024 * 1024;

/** Memory that would be free if the process ended, in MiB: what it shares with others (its program) is left out. */
export function privateMiB(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  let kib = 0;
  for (const [, value] of rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)) kib += Number(value);
  return (kib * 1024) / MIB;
}

/** Open files and sockets. */
export const descriptorCount = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/** Looks at a process now and then, from the call on until `stop`, and keeps the most it held. */
export function watchMemory(pid, everyMs = 250) {
  const facts = { mostMiB: 0 };
  const look = () => {
    try {
      facts.mostMiB = Math.max(facts.mostMiB, privateMiB(pid));
    } catch {
      // It ended: whoever waits for it says so.
    }
  };
  look();
  const timer = setInterval(look, everyMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      return facts.mostMiB;
    },
  };
}
