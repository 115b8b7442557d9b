// The `mqbroker` command: Apache's flags, one sentence for whatever goes wrong, a clean end on SIGTERM and SIGINT
// (upstream: BrokerStartup).
import { consoleLogger, parseAddress } from '@mq/remoting';
import {
  checkSettings,
  type CommandHost,
  parseFlags,
  processHost,
  readSettingsFile,
  runCommand,
  SERVER_FLAGS,
  serveUntilStopped,
  UsageError,
} from '@mq/remoting/settings';

import { BrokerConfiguration } from '../broker-configuration.js';
import { BrokerController } from '../broker-controller.js';
import { importantSettings } from './important-settings.js';

const NAME = 'mqbroker';
const USAGE = `usage: mqbroker [-c <file>] [-h] [-m] [-n <addresses>] [-p]
 -c,--configFile <file>       Broker config properties file
 -h,--help                    Print help
 -m,--printImportantConfig    Print important config items
 -n,--namesrvAddr <addresses> Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem         Print all config items
`;

const FLAGS = { ...SERVER_FLAGS, printImportantConfig: { type: 'boolean', short: 'm' } } as const;

/** Runs the command until it is asked to stop; resolves with the exit code. */
export function runBroker(args: readonly string[], host: CommandHost = processHost()): Promise<number> {
  return runCommand(NAME, host, () => run(args, host));
}

async function run(args: readonly string[], host: CommandHost): Promise<void> {
  const flags = parseFlags(args, FLAGS, 'mqbroker -h lists the flags');
  if (flags.help) return host.out(USAGE);
  const configuration = configurationOf(flags.configFile, flags.namesrvAddr, host);
  if (flags.printConfigItem) return host.out(configuration.toProperties());
  if (flags.printImportantConfig) return host.out(importantSettings(configuration));
  const controller = new BrokerController(configuration, {
    logger: consoleLogger({ level: 'info' }),
    ownsEventLoop: true,
  });
  await serveUntilStopped(host, controller, () => successLine(controller));
}

/** File, then command line over it, then what the environment says where neither does. */
function configurationOf(
  configFile: string | undefined,
  namesrvAddr: string | undefined,
  host: CommandHost,
): BrokerConfiguration {
  const properties = readSettingsFile(configFile);
  if (configFile !== undefined) properties.set('brokerConfigPath', configFile);
  if (namesrvAddr !== undefined) properties.set('namesrvAddr', namesrvAddr);
  const parsed = BrokerConfiguration.parse(properties);
  checkSettings(NAME, host, parsed);
  checkNameServers(parsed.configuration.broker.namesrvAddr);
  return parsed.configuration;
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
  const { namesrvAddr, 'rocketmq.serialize.type': serializeType } = settings.broker;
  const nameServers = namesrvAddr === '' ? '' : ` and name server is ${namesrvAddr}`;
  return `The broker[${identity.brokerName}, ${address}] boot success. serializeType=${serializeType}${nameServers}\n`;
}
