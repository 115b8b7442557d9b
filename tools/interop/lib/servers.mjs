// One launcher for all servers: Apache's NameServer and Broker of a release, or ours, on free loopback ports.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../workspace.mjs';
import { javaCommand, prepareHome } from './apache.mjs';

/** Ours, or the release of Apache's program. */
export const OURS = 'ours';

/**
 * The control of the suite itself: with INTEROP_AS_OURS=5.3.3 Apache's servers stand in for ours, and everything that
 * is asked of ours must hold for them.
 */
const standIn = process.env.INTEROP_AS_OURS;

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 40_000;

/** A free port whose neighbours (port - 2: fast port, port + 1: replication) are free too. */
export async function freePort() {
  for (;;) {
    const port = await listenOnce(0);
    if ((await isFree(port - 2)) && (await isFree(port + 1))) return port;
  }
}

function listenOnce(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const { port: taken } = server.address();
      server.close(() => resolve(taken));
    });
  });
}

const isFree = (port) =>
  listenOnce(port).then(
    () => true,
    () => false,
  );

/** Everything one test starts; `dispose` stops it in reverse and removes its folders. */
export class Servers {
  #running = [];
  #folders = [];
  #programs;

  /** `programs` replaces the built apps: `{ mqnamesrv, mqbroker }`, paths of scripts. */
  constructor({ programs = {} } = {}) {
    this.#programs = {
      mqnamesrv: join(root, 'apps/nameserver/dist/mqnamesrv.js'),
      mqbroker: join(root, 'apps/broker/dist/mqbroker.js'),
      ...programs,
    };
  }

  folder(name = 'mq-interop-') {
    const folder = mkdtempSync(join(tmpdir(), name));
    this.#folders.push(folder);
    return folder;
  }

  /** Starts a NameServer; resolves with its address once it serves. */
  async nameServer(wanted) {
    const kind = wanted === OURS ? (standIn ?? OURS) : wanted;
    const port = await freePort();
    const home = prepareHome(this.folder());
    const config = join(home, 'namesrv.properties');
    writeFileSync(
      config,
      properties({
        listenPort: port,
        bindAddress: '127.0.0.1',
        kvConfigPath: join(home, 'kvConfig.json'),
        configStorePath: config,
      }),
    );
    const command =
      kind === OURS
        ? [process.execPath, [this.#programs.mqnamesrv, '-c', config]]
        : javaCommand(kind, 'org.apache.rocketmq.namesrv.NamesrvStartup', ['-c', config], { home });
    const server = await this.#start(`NameServer ${kind}`, command, /boot success/, home);
    return Object.assign(server, { address: `127.0.0.1:${port}`, port });
  }

  /**
   * Starts a Broker and waits until the NameServer knows it. `storeDir` and `port` continue an earlier one's data; more
   * settings override the suite's own. `nodeArgs` are flags of Node for ours, `program` is another build of it.
   * `descriptors` is how many files and sockets it may have open.
   */
  async broker(
    wanted,
    {
      nameServer,
      storeDir,
      port,
      brokerName = 'broker-a',
      settings = {},
      nodeArgs = [],
      program,
      descriptors,
    },
  ) {
    const kind = wanted === OURS ? (standIn ?? OURS) : wanted;
    const listenPort = port ?? (await freePort());
    const home = prepareHome(this.folder());
    const store = storeDir ?? join(home, 'store');
    mkdirSync(store, { recursive: true });
    const config = join(home, 'broker.conf');
    writeFileSync(
      config,
      properties({
        brokerClusterName: 'DefaultCluster',
        brokerName,
        brokerId: 0,
        brokerIP1: '127.0.0.1',
        brokerIP2: '127.0.0.1',
        listenPort,
        haListenPort: listenPort + 1,
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
      }),
    );
    const command =
      kind === OURS
        ? [process.execPath, [...nodeArgs, program ?? this.#programs.mqbroker, '-c', config]]
        : javaCommand(kind, 'org.apache.rocketmq.broker.BrokerStartup', ['-c', config], {
            home,
            heap: '768m',
          });
    const bounded = descriptors === undefined ? command : withDescriptors(descriptors, command);
    const server = await this.#start(`Broker ${kind}`, bounded, /boot success/, home);
    return Object.assign(server, {
      address: `127.0.0.1:${listenPort}`,
      port: listenPort,
      storeDir: store,
      brokerName,
      config,
    });
  }

  #start(name, [command, args], ready, home) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: home });
    let output = '';
    const collect = (text) => (output = (output + text).slice(-20_000));
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    const server = {
      name,
      pid: child.pid,
      output: () => output,
      exited,
      async stop() {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
        const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
        const result = await exited;
        clearTimeout(deadline);
        return result;
      },
      async kill() {
        child.kill('SIGKILL');
        return exited;
      },
    };
    this.#running.push(server);
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS);
      const fail = (why) => {
        clearTimeout(deadline);
        reject(new Error(`${name} ${why}:\n${output}`));
      };
      const check = () => {
        if (!ready.test(output)) return;
        clearTimeout(deadline);
        resolve(server);
      };
      child.stdout.on('data', check);
      child.once('exit', (code) => fail(`ended with exit code ${code}`));
      child.once('error', (error) => fail(error.message));
    });
  }

  async dispose() {
    await Promise.all(this.#running.reverse().map((server) => server.stop()));
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** The same command, in a process that may not have more descriptors; it replaces the shell, so its pid is the one returned. */
function withDescriptors(count, [command, args]) {
  return ['sh', ['-c', `ulimit -n ${count} && exec "$0" "$@"`, command, ...args]];
}

function properties(values) {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
