// The command behind `npm start`: both servers in one process, with a first conversation to look at.
import { consoleLogger } from '@mq/remoting';
import { parseFlags, processHost, runCommand, UsageError, type CommandHost } from '@mq/remoting/settings';
import { DEMO_GROUP, DEMO_TOPIC, firstMinute } from './first-minute.js';
import { startStandalone, type StandaloneOptions } from './standalone.js';

const USAGE = `usage: npm start -- [options]
  --data <folder>         where messages are kept (default ./data)
  --host <address>        address to listen on (default 127.0.0.1; 0.0.0.0 is not an address clients can use)
  --namesrv-port <port>   port of the NameServer (default 9876)
  --broker-port <port>    port of the Broker (default 10911; its neighbour two below is used too)
  --no-demo               start without sending and receiving the first messages
  --verbose               print what the servers log
  -h, --help              print this
`;

const FLAGS = {
  data: { type: 'string', default: 'data' },
  host: { type: 'string', default: '127.0.0.1' },
  'namesrv-port': { type: 'string', default: '9876' },
  'broker-port': { type: 'string', default: '10911' },
  'no-demo': { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Runs the command until it is asked to stop; resolves with the exit code. */
export function runStandalone(args: readonly string[], host: CommandHost = processHost()): Promise<number> {
  return runCommand('mq', host, () => run(args, host), '--namesrv-port or --broker-port');
}

async function run(args: readonly string[], host: CommandHost): Promise<void> {
  const print = (line: string): void => host.out(`${line}\n`);
  const { options, demo, help } = optionsOf(args);
  if (help) return host.out(USAGE);
  const startedAt = performance.now();
  const stopRequested = host.stopRequested();
  const servers = await startStandalone(options);
  try {
    const millis = Math.round(performance.now() - startedAt);
    print(`NameServer and Broker are serving (after ${millis} ms); messages are kept in ${options.dataDir}`);
    if (demo) await Promise.race([showFirstMinute(servers.nameServer, print), stopRequested]);
    print(`\nPoint a client at   ${servers.nameServer}   (the Broker is ${servers.brokerAddr})`);
    print('Try next            NAMESRV_ADDR=' + `${servers.nameServer} npm run example -- simple-producer`);
    print(`                    npm run mqadmin -- topicStatus -n ${servers.nameServer} -t ${DEMO_TOPIC}`);
    print(
      `                    npm run mqadmin -- consumerProgress -n ${servers.nameServer} -g ${DEMO_GROUP}`,
    );
    print('Ctrl-C stops both.');
    await stopRequested;
    print('\nStopping: answers leave, everything is written and synced.');
  } finally {
    await servers.close();
  }
  print('Stopped.');
}

async function showFirstMinute(nameServer: string, print: (line: string) => void): Promise<void> {
  print(`\nSending and receiving through topic ${DEMO_TOPIC}:`);
  const { sent, received, earlier } = await firstMinute(nameServer, print);
  if (earlier > 0) print(`  ${earlier} messages of earlier starts are still there, before these.`);
  if (received.length < sent.length)
    print(`  only ${received.length} of ${sent.length} messages came back in time`);
}

function optionsOf(args: readonly string[]): { options: StandaloneOptions; demo: boolean; help: boolean } {
  const flags = parseFlags(args, FLAGS, 'npm start -- --help lists the options');
  return {
    options: {
      dataDir: flags.data,
      host: flags.host,
      namesrvPort: portOf('--namesrv-port', flags['namesrv-port']),
      brokerPort: portOf('--broker-port', flags['broker-port']),
      logger: consoleLogger({ level: flags.verbose ? 'info' : 'error' }),
    },
    demo: !flags['no-demo'],
    help: flags.help,
  };
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${flag} must be a port from 0 to 65535, got "${text}"`);
  return port;
}
