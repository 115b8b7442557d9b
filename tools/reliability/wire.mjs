// One socket that speaks frames and hides nothing: no reconnecting, no retries, and it knows when it was closed.
import { once } from 'node:events';
import { connect } from 'node:net';
import { importSource } from './sources.mjs';

const { FrameDecoder, RemotingCommand, encodeFrame } = await importSource('@mq/remoting');
const { RequestCode } = await importSource('@mq/remoting/protocol');

/** Connects; rejects when that fails or takes over 5 s. */
export async function openSocket(address) {
  const colon = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    noDelay: true,
  });
  const timer = setTimeout(() => socket.destroy(new Error(`no connection to ${address}`)), 5_000);
  try {
    await once(socket, 'connect');
  } finally {
    clearTimeout(timer);
  }
  // What happens later is seen by `close`.
  socket.on('error', () => undefined);
  return socket;
}

export class Wire {
  #socket;
  #decoder = new FrameDecoder(64 * 1024 * 1024);
  #waiting = new Map();
  #nextOpaque = 1;
  closed = false;

  static async open(address) {
    return new Wire(await openSocket(address));
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#decoder.push(chunk);
      for (let command; (command = this.#decoder.next()) !== undefined;) {
        this.#waiting.get(command.opaque)?.(command);
        this.#waiting.delete(command.opaque);
      }
    });
    socket.on('close', () => {
      this.closed = true;
      for (const settle of this.#waiting.values()) settle(undefined);
      this.#waiting.clear();
    });
  }

  /** Resolves with the answer; undefined when none came in time or the connection closed. */
  ask(code, ext, body, timeoutMs = 10_000) {
    if (this.closed) return Promise.resolve(undefined);
    const command = RemotingCommand.request(code, ext, body);
    command.opaque = this.#nextOpaque++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(command.opaque);
        resolve(undefined);
      }, timeoutMs);
      this.#waiting.set(command.opaque, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#socket.write(encodeFrame(command));
    });
  }

  /** Sends one message of `body` to a queue. */
  send(topic, queueId, body, timeoutMs) {
    return this.ask(
      RequestCode.SEND_MESSAGE_V2,
      {
        a: 'campaign',
        b: topic,
        c: 'TBW102',
        d: '4',
        e: `${queueId}`,
        f: '0',
        g: `${Date.now()}`,
        h: '0',
        i: '',
        j: '0',
        k: 'false',
        m: 'false',
      },
      Buffer.from(body),
      timeoutMs,
    );
  }

  close() {
    this.#socket.destroy();
  }
}
