// A broker in a process of its own, to be killed.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installApache, javaCommand, prepareHome } from '../interop/lib/apache.mjs';
import { OURS } from '../interop/lib/servers.mjs';
import { root } from '../workspace.mjs';

export { OURS };

const BOOT_TIMEOUT_MS = 180_000;

/** Brokers of this process that have not ended. */
const running = new Set();

/** Kills what a failed campaign left running; nobody else's brokers. */
export async function killBrokers() {
  for (const { child, exited } of [...running]) {
    child.kill('SIGKILL');
    await exited;
  }
}

/**
 * Starts a broker on a store directory; resolves when it serves. `settings` go into its configuration file.
 * @param server ours, or Apache's of a release
 * @param prefix a command that runs it (`['strace', ...]`); it must leave the broker the process that is started
 * @param nodeOptions of the broker's Node; @param env variables beside ours
 * @param program the broker's file; default: the built app
 */
export function startBroker({
  server = OURS,
  folder,
  port,
  settings = {},
  prefix = [],
  nodeOptions = [],
  env = {},
  program = join(root, 'apps/broker/dist/mqbroker.js'),
}) {
  const config = join(folder, 'broker.conf');
  const properties = {
    brokerName: 'broker-a',
    brokerIP1: '127.0.0.1',
    bindAddress: '127.0.0.1',
    listenPort: port,
    haListenPort: port + 1,
    storePathRootDir: join(folder, 'store'),
    mappedFileSizeCommitLog: 16 * 1024 * 1024,
    diskMaxUsedSpaceRatio: 95,
    ...settings,
  };
  writeFileSync(
    config,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const startedAt = performance.now();
  const [command, ...args] = [
    ...prefix,
    ...(server === OURS
      ? [process.execPath, ...nodeOptions, program, '-c', config]
      : apacheCommand(server, config, folder)),
  ];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  const collect = (text) => (output = (output + text).slice(-20_000));
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const entry = { child, exited };
  running.add(entry);
  void exited.then(() => running.delete(entry));
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`the broker ${why}:\n${output}`));
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      fail('did not start in time');
    }, BOOT_TIMEOUT_MS);
    child.once('exit', (code) => {
      clearTimeout(deadline);
      fail(`ended with exit code ${code}`);
    });
    child.stdout.on('data', () => {
      if (!output.includes('boot success')) return;
      clearTimeout(deadline);
      resolve({
        pid: child.pid,
        address: `127.0.0.1:${port}`,
        bootMs: performance.now() - startedAt,
        output: () => output,
        exited,
        async end(signal) {
          child.kill(signal);
          return exited;
        },
      });
    });
  });
}

function apacheCommand(version, config, folder) {
  installApache(version);
  const home = prepareHome(join(folder, 'home'));
  const main = 'org.apache.rocketmq.broker.BrokerStartup';
  const [command, args] = javaCommand(version, main, ['-c', config], { home, heap: '768m' });
  return [command, ...args];
}
