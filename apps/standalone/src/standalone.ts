// NameServer and Broker in one process: what `npm start` runs, and what tests of examples run on free ports.
import { join, resolve } from 'node:path';
import type { Logger } from '@mq/remoting';
import { BrokerConfiguration, BrokerController } from '@mq/broker';
import { NamesrvController, namesrvSettings } from '@mq/namesrv';
import { FileDisk } from '@mq/store';

export interface StandaloneOptions {
  /** Folder of everything that is kept; made when it is not there. */
  readonly dataDir: string;
  /** Port of the NameServer; 0 takes any. */
  readonly namesrvPort: number;
  /** Port of the Broker; 0 takes any. */
  readonly brokerPort: number;
  /** Address both listen on and the Broker is known by. */
  readonly host: string;
  readonly logger: Logger;
}

/** Two servers that live and end together. */
export interface Standalone extends AsyncDisposable {
  /** What a client's `nameServers` is set to. */
  readonly nameServer: string;
  readonly brokerAddr: string;
  /** Ends both: answers leave, everything is written and synced. */
  close(): Promise<void>;
}

/** Starts both; rejects, with nothing left running, when either cannot. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const dataDir = resolve(options.dataDir);
  new FileDisk().mkdir(dataDir);
  const namesrv = new NamesrvController(
    {
      ...namesrvSettings.defaults(),
      bindAddress: options.host,
      listenPort: options.namesrvPort,
      kvConfigPath: join(dataDir, 'namesrv', 'kvConfig.json'),
      configStorePath: join(dataDir, 'namesrv', 'namesrv.properties'),
    },
    { logger: options.logger },
  );
  const { port } = await namesrv.start();
  const nameServer = `${options.host}:${port}`;
  const broker = new BrokerController(brokerConfiguration(options, dataDir, nameServer), {
    logger: options.logger,
  });
  try {
    await broker.start();
  } catch (error) {
    await namesrv.close();
    throw error;
  }
  const close = async () => {
    await broker.close();
    await namesrv.close();
  };
  return { nameServer, brokerAddr: broker.address, close, [Symbol.asyncDispose]: close };
}

function brokerConfiguration(
  options: StandaloneOptions,
  dataDir: string,
  nameServer: string,
): BrokerConfiguration {
  const { configuration, problems } = BrokerConfiguration.parse(
    new Map([
      ['brokerName', 'broker-a'],
      ['bindAddress', options.host],
      ['brokerIP1', options.host],
      ['listenPort', String(options.brokerPort)],
      ['namesrvAddr', nameServer],
      ['storePathRootDir', join(dataDir, 'store')],
      ['enablePropertyFilter', 'true'],
    ]),
  );
  if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('; '));
  return configuration;
}
