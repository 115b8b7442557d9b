import { mkdirSync, openSync, closeSync, readFileSync, writeSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { processOutput, type CommandOutput } from '@mq/remoting/settings';

/** The process as mqadmin sees it: what a test replaces. */
export interface MqadminHost extends CommandOutput {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Minutes that local time is ahead of UTC at a time. */
  readonly utcOffsetMinutes: (timestampMs: number) => number;
  /** Bytes of a file; undefined when there is none. Throws what node:fs throws. */
  readonly readFile: (path: string) => Buffer | undefined;
  /** Writes a file for its owner only, its folders too; refuses to follow a link. Throws what node:fs throws. */
  readonly writeFile: (path: string, data: Buffer | string) => void;
  /** Resolves after so long, sooner when the process is asked to end: then with false. */
  readonly pause: (ms: number) => Promise<boolean>;
}

/** This process. */
export function mqadminHost(): MqadminHost {
  // `mqadmin printMsg | head`: nobody reads on, so that there is nothing left to do.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    ...processOutput,
    env: process.env,
    now: Date.now,
    utcOffsetMinutes: (timestampMs) => -new Date(timestampMs).getTimezoneOffset(),
    readFile: readFileIfThere,
    writeFile: writePrivateFile,
    pause: (ms) =>
      new Promise((resolve) => {
        const end = (goesOn: boolean): void => {
          clearTimeout(timer);
          process.off('SIGINT', stop);
          process.off('SIGTERM', stop);
          resolve(goesOn);
        };
        const stop = (): void => end(false);
        const timer = setTimeout(() => end(true), ms);
        process.once('SIGINT', stop);
        process.once('SIGTERM', stop);
      }),
  };
}

function readFileIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The paths are upstream's well-known ones under /tmp: another user may have put a link there. */
function writePrivateFile(path: string, data: Buffer | string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0);
  const file = openSync(path, flags, 0o600);
  try {
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
}
