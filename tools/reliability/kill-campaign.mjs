// What campaigns of kills share: a broker that dies and comes back on its store, a load that goes on until it dies, and
// the patience to wait for what must still come.
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../interop/lib/servers.mjs';
import { clusterOf, OURS } from './cluster.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { ResponseCode } = await importSource('@mq/remoting/protocol');

const POLL_MS = 100;

/** Runs `play` with a broker that may be killed; ends all servers and removes their folders. */
export async function withMortalBroker({ server, flush = 'async', settings = {}, nodeArgs = [] }, play) {
  const servers = await clusterOf(server);
  try {
    const nameServer = await servers.nameServer(OURS);
    const options = {
      nameServer,
      storeDir: servers.folder('mq-kill-'),
      port: await freePort(),
      nodeArgs,
      settings: { flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH', ...settings },
    };
    return await play(new MortalBroker(nameServer, options.storeDir, () => servers.broker(server, options)));
  } finally {
    await servers.dispose();
  }
}

/** One store and one port, and a process that serves them between two kills. */
class MortalBroker {
  kills = 0;
  #start;
  #process;
  #startsMs = [];

  constructor(nameServer, storeDir, start) {
    this.nameServer = nameServer;
    this.storeDir = storeDir;
    this.#start = start;
  }

  get address() {
    return this.#process.address;
  }

  async start() {
    const startedAt = performance.now();
    this.#process = await this.#start();
    this.#startsMs.push(performance.now() - startedAt);
  }

  /** For the first time, with topics: `[name, queues]` of each. */
  async startWith(...topics) {
    await this.start();
    const client = rawClient();
    for (const [topic, queues] of topics) await client.createTopic(this.address, topic, queues);
    await client.close();
  }

  async kill() {
    this.kills++;
    await this.#process.kill();
  }

  /** Serves these loads for a while, and dies of SIGKILL under them. */
  async dieUnder(loads, afterMs) {
    const sending = loads.map((load) => load.run(this.address));
    await sleep(afterMs);
    await this.kill();
    for (const load of loads) load.stop();
    await Promise.all(sending);
  }

  stop() {
    return this.#process.stop();
  }

  get startMsMedian() {
    const starts = this.#startsMs.toSorted((a, b) => a - b);
    return Math.round(starts[starts.length >> 1]);
  }
}

/** Lanes that send one message after the other, until they are stopped or the broker is gone. */
export class Load {
  acked = 0;
  refused = 0;
  /** Sends without an answer: they may be there or not. */
  unknown = 0;
  #number = 0;
  #isStopped = false;

  /**
   * @param lanes how many send at the same time
   * @param perSecond how many messages one lane sends in a second, at most
   * @param next the next message of a lane: `(lane, number)`, where no number comes twice
   * @param stored told each message that was acknowledged, and its queue offset
   * @param turnedDown told each message that was refused
   */
  constructor({ lanes, perSecond = Infinity, next, stored, turnedDown = () => undefined }) {
    Object.assign(this, { lanes, perSecond, next, stored, turnedDown });
  }

  async run(address) {
    this.#isStopped = false;
    const client = rawClient();
    await Promise.all(Array.from({ length: this.lanes }, (_, lane) => this.#run(client, address, lane)));
    await client.close();
  }

  stop() {
    this.#isStopped = true;
  }

  async #run(client, address, lane) {
    while (!this.#isStopped) {
      const message = this.next(lane, this.#number++);
      try {
        const { code, queueOffset } = await client.send(address, message);
        this.#answered(message, code, queueOffset);
      } catch (error) {
        if (error.name !== 'RemotingError') throw error;
        this.unknown++;
        return;
      }
      if (this.perSecond !== Infinity) await sleep(1000 / this.perSecond);
    }
  }

  #answered(message, code, queueOffset) {
    if (code === ResponseCode.SUCCESS) {
      this.acked++;
      this.stored(message, queueOffset);
    } else {
      this.refused++;
      this.turnedDown(message);
    }
  }
}

/** The properties of a message, as they travel. */
export const properties = (values) =>
  Object.entries({ WAIT: true, ...values })
    .map(([name, value]) => `${name}\u0001${value}\u0002`)
    .join('');

/**
 * Waits until nothing is left, or until what is left has not changed for so long that it will not come; resolves with it.
 * @param left (or its promise) gives a list
 */
export async function untilNothingIsLeft(left, standstillMs) {
  let rest = await left();
  for (let since = performance.now(); rest.length > 0 && performance.now() - since < standstillMs;) {
    await sleep(POLL_MS);
    const before = rest.length;
    rest = await left();
    if (rest.length !== before) since = performance.now();
  }
  return rest;
}
