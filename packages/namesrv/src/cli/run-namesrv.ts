// The `mqnamesrv` command: Apache's flags, one sentence for whatever goes wrong, a clean end on SIGTERM and SIGINT.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { consoleLogger } from '@mq/remoting';
import { parsePropertiesFile } from '@mq/remoting/settings';
import { NamesrvController } from '../namesrv-controller.js';
import { namesrvSettings, type NamesrvSettings } from '../settings.js';

const USAGE = `usage: mqnamesrv [-c <file>] [-h] [-n <addresses>] [-p]
 -c,--configFile <file>       Name server config properties file
 -h,--help                    Print help
 -n,--namesrvAddr <addresses> Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem         Print all config items
`;

/** The process as the command sees it: what a test replaces. */
export interface CommandHost {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Resolves when the process is asked to end. */
  readonly stopRequested: () => Promise<void>;
}

/** A mistake of the caller, told in one sentence without a stack. */
class UsageError extends Error {}

/** Runs the command until it is asked to stop; resolves with the exit code. */
export async function runNamesrv(
  args: readonly string[],
  host: CommandHost = processHost(),
): Promise<number> {
  try {
    return await run(args, host);
  } catch (error) {
    host.err(`mqnamesrv: ${sentenceOf(error)}\n`);
    return 1;
  }
}

async function run(args: readonly string[], host: CommandHost): Promise<number> {
  const flags = flagsOf(args);
  if (flags.help) {
    host.out(USAGE);
    return 0;
  }
  const settings = settingsOf(flags.configFile, host);
  if (flags.printConfigItem) {
    host.out(namesrvSettings.toProperties(settings));
    return 0;
  }
  const controller = new NamesrvController(settings, { logger: consoleLogger({ level: 'info' }) });
  const { host: address, port } = await controller.start();
  host.out(`The Name Server boot success. serializeType=JSON, address ${address}:${port}\n`);
  await host.stopRequested();
  await controller.close();
  return 0;
}

function flagsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        configFile: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        // Upstream takes it on every server command; a NameServer knows no other one.
        namesrvAddr: { type: 'string', short: 'n' },
        printConfigItem: { type: 'boolean', short: 'p' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${sentenceOf(error)} (mqnamesrv -h lists the flags)`);
  }
}

function settingsOf(configFile: string | undefined, host: CommandHost): NamesrvSettings {
  const given =
    configFile === undefined ? new Map<string, string>() : parsePropertiesFile(readFileSync(configFile));
  const { values, unknown, problems } = namesrvSettings.parse(given);
  if (problems.length > 0) throw new UsageError(problems.map(({ text }) => text).join('; '));
  if (unknown.length > 0) host.err(`mqnamesrv: settings not known and left aside: ${unknown.join(', ')}\n`);
  if (configFile === undefined) return values;
  host.out(`load config properties file OK, ${configFile}\n`);
  return { ...values, configStorePath: configFile };
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function processHost(): CommandHost {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    stopRequested: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
      }),
  };
}
