import type { Connection, RemotingCommand } from '@mq/remoting';

/** A connection without a socket: records what it is told, answers requests as told. For tests of this package. */
export class FakeConnection implements Connection {
  static #lastId = 0;
  readonly id = ++FakeConnection.#lastId;
  readonly remoteIp = '10.0.0.9';
  readonly remotePort = 40_000 + this.id;
  readonly remoteAddress = `${this.remoteIp}:${this.remotePort}`;
  readonly localAddress = '10.0.0.1:10911';
  readonly remoteHostBytes = Buffer.alloc(8);
  readonly attributes = new Map<symbol, unknown>();
  readonly sent: RemotingCommand[] = [];
  readonly requested: RemotingCommand[] = [];
  isOpen = true;
  closeReason: string | undefined;
  /** What the peer answers to requests of the broker. */
  answer: ((command: RemotingCommand) => Promise<RemotingCommand>) | undefined;

  send(command: RemotingCommand): boolean {
    this.sent.push(command);
    return this.isOpen;
  }

  request(command: RemotingCommand): Promise<RemotingCommand> {
    this.requested.push(command);
    return this.answer?.(command) ?? Promise.reject(new Error('no answer prepared'));
  }

  oneway(command: RemotingCommand): void {
    this.sent.push(command);
  }

  close(reason: string): void {
    this.isOpen = false;
    this.closeReason = reason;
  }

  on(): void {}
}
