// What the commands of the servers share: Apache's flags, the properties file, one sentence for whatever goes wrong, and a
// clean end on SIGTERM and SIGINT.
import { readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { SettingProblem } from './define-settings.js';
import { parsePropertiesFile } from './properties-file.js';

/** Where a command writes. */
export interface CommandOutput {
  /** Text to standard output, as it is. */
  readonly out: (text: string) => void;
  /** Text to standard error, as it is. */
  readonly err: (text: string) => void;
}

/** The process as a server's command sees it: what a test replaces. */
export interface CommandHost extends CommandOutput {
  /** Resolves when the process is asked to end. */
  readonly stopRequested: () => Promise<unknown>;
}

/** The two outputs of this process. */
export const processOutput: CommandOutput = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** This process: its two outputs, and SIGTERM or SIGINT as the wish to end. */
export function processHost(): CommandHost {
  return {
    ...processOutput,
    stopRequested: () =>
      new Promise<void>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
      }),
  };
}

/** A mistake of the caller, told in one sentence. */
export class UsageError extends Error {}

/** The flags that every server command of Apache's has. */
export const SERVER_FLAGS = {
  configFile: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  namesrvAddr: { type: 'string', short: 'n' },
  printConfigItem: { type: 'boolean', short: 'p' },
} as const;

/** Runs a command to its end; resolves with the exit code. What it throws is one line on stderr, and 1. */
export async function runCommand(
  name: string,
  host: CommandHost,
  run: () => Promise<void>,
  /** What to change when a port is in use. */
  portSetting = 'listenPort',
): Promise<number> {
  try {
    await run();
    return 0;
  } catch (error) {
    host.err(`${name}: ${sentenceOf(error, portSetting)}\n`);
    return 1;
  }
}

/** `parseArgs` of node:util without positionals. @throws UsageError; `hint` says where the flags are listed */
export function parseFlags<T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  hint: string,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${textOf(error)} (${hint})`);
  }
}

/** The settings a properties file names; none without a file. @throws UsageError */
export function readSettingsFile(path: string | undefined): Map<string, string> {
  if (path === undefined) return new Map();
  try {
    return parsePropertiesFile(readFileSync(path));
  } catch (error) {
    throw new UsageError(`the configuration file ${path} cannot be read: ${textOf(error)}`);
  }
}

/** Warns of names nothing declares. @throws UsageError with every problem */
export function checkSettings(
  name: string,
  host: CommandHost,
  parsed: { readonly unknown: readonly string[]; readonly problems: readonly SettingProblem[] },
): void {
  const { unknown, problems } = parsed;
  if (problems.length > 0) throw new UsageError(problems.map(({ text }) => text).join('; '));
  if (unknown.length > 0) host.err(`${name}: settings not known and left aside: ${unknown.join(', ')}\n`);
}

/** A server as a command runs it. */
export interface CommandServer {
  /** Resolves when it serves. */
  start(): Promise<unknown>;
  /** Resolves when it has stopped; also called where `start` rejected. */
  close(): Promise<void>;
}

/** Starts a server, says so, and closes it when the process is asked to end, or when it could not start. */
export async function serveUntilStopped(
  host: CommandHost,
  server: CommandServer,
  successLine: () => string,
): Promise<void> {
  // Asked for before the start, so that a signal during recovery ends the server cleanly, too.
  const stopRequested = host.stopRequested();
  try {
    await server.start();
    host.out(successLine());
    await stopRequested;
  } finally {
    await server.close();
  }
}

/** What errors carry; matched by its members, since their class differs between realms. */
type Failure = Partial<Record<'code' | 'address' | 'message', string>> & { readonly port?: number };

function sentenceOf(error: unknown, portSetting: string): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, port, address } = error as Failure;
  if (code === 'EADDRINUSE') return `the port ${address}:${port} is in use; choose another ${portSetting}`;
  if (code === 'EADDRNOTAVAIL')
    return `the address ${address} is not one of this machine; check the address to listen on`;
  return textOf(error);
}

function textOf(error: unknown): string {
  return (error as Failure | undefined)?.message ?? String(error);
}
