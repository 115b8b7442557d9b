// One launcher for all servers: Apache's NameServer and Broker of a release, or ours, on free loopback ports.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../workspace.mjs';
import { javaCommand, prepareHome } from './apache.mjs';
import { PATIENT, writeBrokerConfig, writeNameServerConfig } from './configurations.mjs';

/** Ours, or the release of Apache's program. */
export const OURS = 'ours';

/**
 * The control of the suite itself: with INTEROP_AS_OURS=5.3.3 Apache's servers stand in for ours, and everything that
 * is asked of ours must hold for them.
 */
const standIn = process.env.INTEROP_AS_OURS;

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 40_000;

/** Below the ports that connections get: one of these stays free while its server is away. */
const PORTS = [10_000, 32_000];
/** Ports that a start tries. */
const MOST_PORTS = 3;

/** A free port whose neighbours (port - 2: fast port, port + 1: replication) are free too. */
export async function freePort() {
  for (;;) {
    const port = randomInt(...PORTS);
    if ((await isFree(port)) && (await isFree(port - 2)) && (await isFree(port + 1))) return port;
  }
}

/** Starts a server on a free port; on another one when somebody took it while the server was on its way. */
async function onFreePort(start) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === MOST_PORTS || !/is in use|Address already in use/.test(error.message)) throw error;
    }
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Everything one test starts; `dispose` ends it and removes its folders. */
export class Servers {
  #running = [];
  #folders = [];
  #programs;
  #isBrief;
  #memoryFlags;

  /**
   * `programs` replaces the built apps: `{ mqnamesrv, mqbroker }`, paths of scripts. `isBrief`: the servers live for a test only,
   * which is not about their speed. `memoryFlags`: of the JVM of Apache's brokers; default: a small heap.
   */
  constructor({ programs = {}, isBrief = false, memoryFlags } = {}) {
    this.#isBrief = isBrief;
    this.#memoryFlags = memoryFlags;
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
  nameServer(wanted) {
    return onFreePort((port) => this.#startNameServer(wanted, port));
  }

  async #startNameServer(wanted, port) {
    const kind = wanted === OURS ? (standIn ?? OURS) : wanted;
    const home = prepareHome(this.folder());
    const config = writeNameServerConfig(home, { port });
    const command =
      kind === OURS
        ? [process.execPath, [this.#programs.mqnamesrv, '-c', config]]
        : javaCommand(kind, 'org.apache.rocketmq.namesrv.NamesrvStartup', ['-c', config], {
            home,
            isBrief: this.#isBrief,
          });
    const server = await this.#start('NameServer', kind, command, home);
    return Object.assign(server, { address: `127.0.0.1:${port}`, port });
  }

  /**
   * Starts a Broker and waits until the NameServer knows it. `storeDir` and `port` continue an earlier one's data; more
   * settings override the suite's own. `nodeArgs` are flags of Node for ours, `program` is another build of it.
   * `descriptors` is how many files and sockets it may have open.
   */
  broker(wanted, options) {
    const start = (port) => this.#startBroker(wanted, { ...options, port });
    return options.port === undefined ? onFreePort(start) : start(options.port);
  }

  async #startBroker(
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
    const home = prepareHome(this.folder());
    const store = storeDir ?? join(home, 'store');
    mkdirSync(store, { recursive: true });
    const config = writeBrokerConfig(home, {
      nameServer,
      port,
      store,
      brokerName,
      settings: this.#isBrief ? { ...PATIENT, ...settings } : settings,
    });
    const command =
      kind === OURS
        ? [process.execPath, [...nodeArgs, program ?? this.#programs.mqbroker, '-c', config]]
        : javaCommand(kind, 'org.apache.rocketmq.broker.BrokerStartup', ['-c', config], {
            home,
            heap: '768m',
            memoryFlags: this.#memoryFlags,
            isBrief: this.#isBrief,
          });
    const bounded = descriptors === undefined ? command : withDescriptors(descriptors, command);
    const server = await this.#start('Broker', kind, bounded, home);
    return Object.assign(server, {
      address: `127.0.0.1:${port}`,
      port,
      storeDir: store,
      brokerName,
      config,
    });
  }

  #start(what, kind, [command, args], home) {
    const name = `${what} ${kind}`;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: home });
    let output = '';
    const collect = (text) => (output = (output + text).slice(-20_000));
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    const server = {
      name,
      isOurs: kind === OURS,
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
        if (!/boot success/.test(output)) return;
        clearTimeout(deadline);
        resolve(server);
      };
      child.stdout.on('data', check);
      child.once('exit', (code) => fail(`ended with exit code ${code}`));
      child.once('error', (error) => fail(error.message));
    });
  }

  async dispose() {
    // Apache's programs take some seconds to stop; nothing is asked of them any more.
    await Promise.all(this.#running.map((server) => (server.isOurs ? server.stop() : server.kill())));
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** The same command, in a process that may not have more descriptors; it replaces the shell, so its pid is the one returned. */
function withDescriptors(count, [command, args]) {
  return ['sh', ['-c', `ulimit -n ${count} && exec "$0" "$@"`, command, ...args]];
}
