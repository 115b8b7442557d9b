import type { Connection, RemotingCommand } from '@mq/remoting';

/** A connection that keeps what is sent on it, for tests of what stands above the transport. */
export class FakeConnection implements Connection {
  readonly remoteIp = '127.0.0.1';
  readonly localAddress = '127.0.0.1:10911';
  readonly remoteHostBytes = Buffer.from([127, 0, 0, 1, 0, 0, 0x9c, 0x40]);
  readonly attributes = new Map<symbol, unknown>();
  readonly sent: RemotingCommand[] = [];
  isOpen = true;
  readonly #onClose: (() => void)[] = [];

  constructor(
    readonly id = 1,
    readonly remotePort = 40_000,
  ) {}

  get remoteAddress(): string {
    return `${this.remoteIp}:${this.remotePort}`;
  }

  send(command: RemotingCommand): boolean {
    this.sent.push(command);
    return true;
  }

  request(): Promise<RemotingCommand> {
    return Promise.reject(new Error('not scripted'));
  }

  oneway(command: RemotingCommand): void {
    this.sent.push(command);
  }

  close(): void {
    this.isOpen = false;
    for (const listener of this.#onClose) listener();
  }

  on(_event: 'close', listener: () => void): void {
    this.#onClose.push(listener);
  }
}
