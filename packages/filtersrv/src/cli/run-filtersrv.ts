// The `mqfiltersrv` command: Apache's flags, one sentence for whatever goes wrong, a clean end on SIGTERM and SIGINT.
import { consoleLogger } from '@mq/remoting';
import {
  checkSettings,
  type CommandHost,
  parseFlags,
  processHost,
  readSettingsFile,
  runCommand,
  SERVER_FLAGS,
  serveUntilStopped,
} from '@mq/remoting/settings';

import { FiltersrvController } from '../filtersrv-controller.js';
import { filtersrvSettings } from '../settings.js';

const NAME = 'mqfiltersrv';
const USAGE = `usage: mqfiltersrv [-c <file>] [-h] [-n <addresses>] [-p]
 -c,--configFile <file>       Filter server config properties file
 -h,--help                    Print help
 -n,--namesrvAddr <addresses> Accepted for compatibility: the filter server knows its broker only (connectWhichBroker)
 -p,--printConfigItem         Print all config items
`;

/** Runs the command until it is asked to stop; resolves with the exit code. */
export function runFiltersrv(args: readonly string[], host: CommandHost = processHost()): Promise<number> {
  return runCommand(NAME, host, () => run(args, host));
}

async function run(args: readonly string[], host: CommandHost): Promise<void> {
  const flags = parseFlags(args, SERVER_FLAGS, 'mqfiltersrv -h lists the flags');
  if (flags.help) return host.out(USAGE);
  const parsed = filtersrvSettings.parse(readSettingsFile(flags.configFile));
  checkSettings(NAME, host, parsed);
  if (flags.printConfigItem) return host.out(filtersrvSettings.toProperties(parsed.values));
  const controller = new FiltersrvController(parsed.values, { logger: consoleLogger({ level: 'info' }) });
  await serveUntilStopped(
    host,
    controller,
    () =>
      `The Filter Server boot success. address ${controller.address}, broker ${parsed.values.connectWhichBroker}\n`,
  );
}
