import type { MessageHandler, ReceivedMessage } from '@mq/client';

/** Keeps what a consumer is handed, and lets a test wait for it. */
export class Inbox {
  readonly messages: ReceivedMessage[] = [];
  #wake: () => void = () => undefined;

  readonly handler: MessageHandler = (messages) => {
    this.messages.push(...messages);
    this.#wake();
  };

  get bodies(): string[] {
    return this.messages.map(({ body }) => body.toString());
  }

  /** Resolves once so many messages are there. */
  async has(count: number): Promise<void> {
    await this.until(() => this.messages.length >= count);
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
