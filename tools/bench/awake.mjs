// On a quiet virtual machine a processor that has nothing to do is given back to the host, and waking it costs more than a small message:
// a bare Node server takes 23 µs a request then, and 12 while the processors are awake. Operators who care keep theirs awake
// (idle=poll, no C-states). So does this: a loop on each processor, of a class that runs only where nobody else would (SCHED_IDLE).
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Keeps the processors awake; call what it returns to let them sleep. Needs `chrt` of util-linux. */
export function keepAwake() {
  const loops = Array.from({ length: availableParallelism() }, () =>
    spawn('chrt', ['--idle', '0', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  for (const loop of loops)
    loop.once('error', (error) => {
      throw new Error('the processors cannot be kept awake without chrt', { cause: error });
    });
  return () => loops.forEach((loop) => loop.kill('SIGKILL'));
}
