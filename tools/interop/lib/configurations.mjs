// Configuration files that Apache's servers and ours read alike: on loopback, with small files.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Apache's broker refuses sends that had to wait, and everything does on a machine that is busy with tests. */
export const PATIENT = { waitTimeMillsInSendQueue: 30_000, osPageCacheBusyTimeOutMills: 30_000 };

/** Returns the path of the file, which is in `home`. */
export function writeNameServerConfig(home, { port }) {
  const path = join(home, 'namesrv.properties');
  return write(path, {
    listenPort: port,
    bindAddress: '127.0.0.1',
    kvConfigPath: join(home, 'kvConfig.json'),
    configStorePath: path,
  });
}

/** Returns the path of the file, which is in `home`. `settings` override the others. */
export function writeBrokerConfig(home, { nameServer, port, store, brokerName, settings = {} }) {
  return write(join(home, 'broker.conf'), {
    brokerClusterName: 'DefaultCluster',
    brokerName,
    brokerId: 0,
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    listenPort: port,
    haListenPort: port + 1,
    namesrvAddr: nameServer.address,
    storePathRootDir: store,
    storePathCommitLog: join(store, 'commitlog'),
    autoCreateTopicEnable: true,
    brokerRole: 'ASYNC_MASTER',
    flushDiskType: 'ASYNC_FLUSH',
    mappedFileSizeCommitLog: 16 * 1024 * 1024,
    mappedFileSizeConsumeQueue: 20 * 3000,
    diskMaxUsedSpaceRatio: 95,
    ...settings,
  });
}

function write(path, values) {
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(path, lines.join(''));
  return path;
}
