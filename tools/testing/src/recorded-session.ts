// Conversations between Apache's programs, one frame a line, as `shared/golden/remoting/sessions/<name>.jsonl` holds them.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { goldenPath } from './golden.js';

/** One frame that went over a connection. */
export interface RecordedFrame {
  /** Who spoke with whom: `cli-ns`, `cli-broker`, `slave-broker`, ... */
  readonly link: string;
  readonly conn: number;
  /** From the client to the server, or back. */
  readonly dir: 'c2s' | 's2c';
  /** The frame with its length field. */
  readonly bytes: Buffer;
}

/** A request of a client, and the server's answer. */
export interface RecordedExchange<Command> {
  readonly link: string;
  readonly conn: number;
  readonly request: Command;
  /** The frame of the request. */
  readonly requestBytes: Buffer;
  readonly answer: Command;
}

interface Line {
  readonly link: string;
  readonly conn: number;
  readonly ev: string;
  readonly dir: RecordedFrame['dir'];
  readonly hex: string;
}

/** Names of the recordings, sorted; without `.jsonl`. */
export function recordedSessions(pattern: RegExp): string[] {
  return readdirSync(goldenPath('remoting/sessions'))
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => file.slice(0, -'.jsonl'.length))
    .filter((name) => pattern.test(name));
}

/** Every frame of a recording, in order. The link `ha` carries no frames of remoting and is left out. */
export function recordedFrames(session: string): RecordedFrame[] {
  return readFileSync(join(goldenPath('remoting/sessions'), `${session}.jsonl`), 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Line)
    .filter(({ ev, link }) => ev === 'data' && link !== 'ha')
    .map(({ link, conn, dir, hex }) => ({ link, conn, dir, bytes: Buffer.from(hex, 'hex') }));
}

/**
 * The answered requests of a recording, in the order in which they were asked.
 * @param decode reads a frame: `decodeFrame` of @mq/remoting
 */
export function recordedExchanges<Command extends { readonly opaque: number; readonly isResponse: boolean }>(
  session: string,
  decode: (frame: Buffer, start: number, end: number) => Command,
): RecordedExchange<Command>[] {
  const exchanges: (Omit<RecordedExchange<Command>, 'answer'> & { answer: Command | undefined })[] = [];
  const asked = new Map<string, (typeof exchanges)[number]>();
  for (const { link, conn, dir, bytes } of recordedFrames(session)) {
    const command = decode(bytes, 0, bytes.length);
    const key = `${link} ${conn} ${command.opaque}`;
    if (dir === 'c2s' && !command.isResponse) {
      const exchange = { link, conn, request: command, requestBytes: bytes, answer: undefined };
      exchanges.push(exchange);
      asked.set(key, exchange);
    }
    const exchange = dir === 's2c' && command.isResponse ? asked.get(key) : undefined;
    if (exchange !== undefined) exchange.answer = command;
  }
  return exchanges.filter((exchange): exchange is RecordedExchange<Command> => exchange.answer !== undefined);
}
