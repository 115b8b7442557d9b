// The `mqnamesrv` command: Apache's flags, one sentence for whatever goes wrong, a clean end on SIGTERM and SIGINT.
import { consoleLogger } from '@mq/remoting';
import {
  checkSettings,
  parseFlags,
  processHost,
  readSettingsFile,
  runCommand,
  SERVER_FLAGS,
  serveUntilStopped,
  type CommandHost,
} from '@mq/remoting/settings';
import { NamesrvController } from '../namesrv-controller.js';
import { namesrvSettings, type NamesrvSettings } from '../settings.js';

const NAME = 'mqnamesrv';
const USAGE = `usage: mqnamesrv [-c <file>] [-h] [-n <addresses>] [-p]
 -c,--configFile <file>       Name server config properties file
 -h,--help                    Print help
 -n,--namesrvAddr <addresses> Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem         Print all config items
`;

/** Runs the command until it is asked to stop; resolves with the exit code. */
export function runNamesrv(args: readonly string[], host: CommandHost = processHost()): Promise<number> {
  return runCommand(NAME, host, () => run(args, host));
}

async function run(args: readonly string[], host: CommandHost): Promise<void> {
  // Upstream takes -n on every server command; a NameServer knows no other one.
  const { help, configFile, printConfigItem } = parseFlags(
    args,
    SERVER_FLAGS,
    'mqnamesrv -h lists the flags',
  );
  if (help) return host.out(USAGE);
  const settings = settingsOf(configFile, host);
  if (printConfigItem) return host.out(namesrvSettings.toProperties(settings));
  const controller = new NamesrvController(settings, { logger: consoleLogger({ level: 'info' }) });
  await serveUntilStopped(host, controller, () => {
    const { bindAddress, 'rocketmq.serialize.type': serializeType } = settings;
    const address = `${bindAddress}:${controller.port}`;
    return `The Name Server boot success. serializeType=${serializeType}, address ${address}\n`;
  });
}

function settingsOf(configFile: string | undefined, host: CommandHost): NamesrvSettings {
  const parsed = namesrvSettings.parse(readSettingsFile(configFile));
  checkSettings(NAME, host, parsed);
  if (configFile === undefined) return parsed.values;
  host.out(`load config properties file OK, ${configFile}\n`);
  return { ...parsed.values, configStorePath: configFile };
}
