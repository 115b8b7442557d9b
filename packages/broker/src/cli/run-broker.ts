// The `mqbroker` command: Apache's flags, one sentence for whatever goes wrong, a clean end on SIGTERM and SIGINT
// (upstream: BrokerStartup).
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { consoleLogger, parseAddress } from '@mq/remoting';
import { parsePropertiesFile } from '@mq/remoting/settings';

import { BrokerConfiguration } from '../broker-configuration.js';
import { BrokerController } from '../broker-controller.js';
import { importantSettings } from './important-settings.js';

const USAGE = `usage: mqbroker [-c <file>] [-h] [-m] [-n <addresses>] [-p]
 -c,--configFile <file>       Broker config properties file
 -h,--help                    Print help
 -m,--printImportantConfig    Print important config items
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
export async function runBroker(args: readonly string[], host: CommandHost = processHost()): Promise<number> {
  try {
    return await run(args, host);
  } catch (error) {
    host.err(`mqbroker: ${sentenceOf(error)}\n`);
    return 1;
  }
}

async function run(args: readonly string[], host: CommandHost): Promise<number> {
  const flags = flagsOf(args);
  if (flags.help) {
    host.out(USAGE);
    return 0;
  }
  const configuration = configurationOf(flags.configFile, flags.namesrvAddr, host);
  if (flags.printConfigItem) {
    host.out(configuration.toProperties());
    return 0;
  }
  if (flags.printImportantConfig) {
    host.out(importantSettings(configuration));
    return 0;
  }
  // Asked for before the start, so that a signal during recovery ends the broker cleanly, too.
  const stopRequested = host.stopRequested();
  const controller = new BrokerController(configuration, { logger: consoleLogger({ level: 'info' }) });
  try {
    await controller.start();
    host.out(successLine(controller));
    await stopRequested;
  } finally {
    await controller.close();
  }
  return 0;
}

function flagsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        configFile: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        printImportantConfig: { type: 'boolean', short: 'm' },
        namesrvAddr: { type: 'string', short: 'n' },
        printConfigItem: { type: 'boolean', short: 'p' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${sentenceOf(error)} (mqbroker -h lists the flags)`);
  }
}

/** File, then command line over it, then what the environment says where neither does. */
function configurationOf(
  configFile: string | undefined,
  namesrvAddr: string | undefined,
  host: CommandHost,
): BrokerConfiguration {
  const properties = configFile === undefined ? new Map<string, string>() : readConfigFile(configFile);
  if (configFile !== undefined) properties.set('brokerConfigPath', configFile);
  if (namesrvAddr !== undefined) properties.set('namesrvAddr', namesrvAddr);
  const { configuration, unknown, problems } = BrokerConfiguration.parse(properties);
  if (problems.length > 0) throw new UsageError(problems.map(({ text }) => text).join('; '));
  if (unknown.length > 0) host.err(`mqbroker: settings not known and left aside: ${unknown.join(', ')}\n`);
  checkNameServers(configuration.broker.namesrvAddr);
  return configuration;
}

function readConfigFile(path: string): Map<string, string> {
  try {
    return parsePropertiesFile(readFileSync(path));
  } catch (error) {
    throw new UsageError(`the configuration file ${path} cannot be read: ${sentenceOf(error)}`);
  }
}

function checkNameServers(addresses: string): void {
  for (const address of addresses.split(';').filter((part) => part.trim() !== '')) {
    try {
      parseAddress(address.trim());
    } catch {
      throw new UsageError(
        `the Name Server Address[${addresses}] illegal, please set it as follows, "127.0.0.1:9876;192.168.0.1:9876"`,
      );
    }
  }
}

function successLine({ parts, address }: BrokerController): string {
  const { identity, settings } = parts;
  const { namesrvAddr } = settings.broker;
  const nameServers = namesrvAddr === '' ? '' : ` and name server is ${namesrvAddr}`;
  return `The broker[${identity.brokerName}, ${address}] boot success. serializeType=JSON${nameServers}\n`;
}

/** What system errors carry besides a message; matched by code, since their class differs between realms. */
type Failure = Partial<Record<'code' | 'address' | 'message', string>> & { readonly port?: number };

function sentenceOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, port, address, message } = error as Failure;
  if (code === 'EADDRINUSE') return `the port ${address}:${port} is in use; choose another listenPort`;
  if (code === 'EADDRNOTAVAIL')
    return `the address ${address} is not one of this machine; check bindAddress and brokerIP1`;
  return message ?? String(error);
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
