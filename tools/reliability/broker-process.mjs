// A broker in a process of its own, to be killed.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../workspace.mjs';

const BOOT_TIMEOUT_MS = 60_000;

/** Starts our broker on a store directory; resolves when it serves. `settings` go into its configuration file. */
export function startBroker({ folder, port, settings = {} }) {
  const config = join(folder, 'broker.conf');
  const properties = {
    brokerName: 'broker-a',
    brokerIP1: '127.0.0.1',
    bindAddress: '127.0.0.1',
    listenPort: port,
    storePathRootDir: join(folder, 'store'),
    mappedFileSizeCommitLog: 16 * 1024 * 1024,
    diskMaxUsedSpaceRatio: 95,
    ...settings,
  };
  writeFileSync(config, Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join(''));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(root, 'apps/broker/dist/mqbroker.js'), '-c', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (text) => (output = (output + text).slice(-20_000));
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
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
