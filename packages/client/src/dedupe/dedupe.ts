import { silentLogger, type Logger } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import type { MessageHandler } from '../consumer/message-handler.js';
import { handlePart } from '../consumer/partial-batch.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { MQClientError, assertArgument } from '../errors.js';
import { wholeNumber } from '../options.js';
import type { DedupeStore } from './dedupe-store.js';

const DEFAULT_TTL_MS = 24 * 3_600_000;
const DEFAULT_LEASE_MS = 15 * 60_000;

/** How `dedupe` tells messages apart and how long it remembers. */
export interface DedupeOptions<Message extends ReceivedMessage = ReceivedMessage> {
  /** Where is remembered what was handled: `MemoryDedupeStore`, `RedisDedupeStore`, `SqlDedupeStore`, or one of your own. */
  readonly store: DedupeStore;
  /**
   * What names the work: two messages with the same key are the same work. Default: the unique key that the producer gave the
   * message, which stays the same over retries of the send, redelivery and the retry topic. An order number makes
   * handlers idempotent over several producers, too.
   */
  readonly keyOf?: (message: Message) => string;
  /** How long a handled message is remembered, milliseconds. Default 24 hours. */
  readonly ttlMs?: number;
  /**
   * How long a message belongs to whom began to handle it, milliseconds; after that, as after a crash, another may begin.
   * Default 15 minutes, as `consumeTimeoutMs`. Choose it longer than a handler may take.
   */
  readonly leaseMs?: number;
  /** Is told of messages that were handled and could not be remembered. Default: nobody is. */
  readonly logger?: Logger;
}

/**
 * Makes a handler see each message once. Delivery is at least once: messages come again after crashes, lost
 * acknowledgements and when queues move. This remembers what was handled and leaves those out.
 *
 *     consumer.subscribe('Orders', '*', dedupe({ store: new MemoryDedupeStore() }, async (messages) => { ... }));
 *     typed.subscribe(consumer, dedupe({ store, keyOf: ({ value }) => value.orderId }, async (messages) => { ... }));
 *
 * What is handled and remembered in two steps can be handled twice when a crash, or a store that fails, comes between the two.
 * Only a handler that writes its result and the key in one database transaction excludes that.
 *
 * @throws MQClientError INVALID_ARGUMENT for an option out of range
 */
export function dedupe<Message extends ReceivedMessage = ReceivedMessage>(
  options: DedupeOptions<Message>,
  handler: MessageHandler<Message>,
): MessageHandler<Message> {
  const { store, keyOf = uniqueKey, logger = silentLogger } = options;
  assertArgument(typeof store?.claim === 'function', 'dedupe needs a store');
  assertArgument(typeof handler === 'function', 'dedupe needs a handler');
  const ttlMs = wholeNumber('ttlMs', options.ttlMs, DEFAULT_TTL_MS, 1);
  const leaseMs = wholeNumber('leaseMs', options.leaseMs, DEFAULT_LEASE_MS, 1);

  return async (messages, context) => {
    const claims = new Claims(store, logger);
    try {
      const fresh = await claims.take(messages, keyOf, leaseMs);
      const status = await handlePart(messages, fresh, context, handler);
      if (status === 'RECONSUME_LATER' || status === 'SUSPEND_CURRENT_QUEUE_A_MOMENT') {
        await claims.release();
        return status;
      }
      await claims.settle(context.ackIndex, ttlMs);
      return status;
    } catch (error) {
      await claims.release();
      throw error;
    }
  };
}

function uniqueKey(message: ReceivedMessage): string {
  return message.properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] ?? message.msgId;
}

/** The claims of one batch. */
class Claims {
  /** By key, the index of the message that it was claimed for. */
  readonly #held = new Map<string, number>();

  constructor(
    private readonly store: DedupeStore,
    private readonly logger: Logger,
  ) {}

  /** Returns the indexes of those to handle. @throws MQClientError BROKER_BUSY when another is at one of them */
  async take<Message extends ReceivedMessage>(
    messages: readonly Message[],
    keyOf: (message: Message) => string,
    leaseMs: number,
  ): Promise<number[]> {
    const fresh: number[] = [];
    for (const [index, message] of messages.entries()) {
      const key = `${message.topic}:${keyOf(message)}`;
      // Twice in one batch: handled with the first.
      if (this.#held.has(key)) continue;
      const claim = await this.store.claim(key, leaseMs);
      if (claim === 'BUSY') {
        throw new MQClientError('BROKER_BUSY', `another consumer is handling ${key}; it comes again later`);
      }
      if (claim === 'DONE') continue;
      this.#held.set(key, index);
      fresh.push(index);
    }
    return fresh;
  }

  /** Those up to `ackIndex` were handled, those behind it come again. Never rejects: to fail would have all handled again. */
  async settle(ackIndex: number, ttlMs: number): Promise<void> {
    const handled = [...this.#held].filter(([, index]) => index <= ackIndex).map(([key]) => key);
    for (const key of handled) this.#held.delete(key);
    await Promise.all([this.release(), ...handled.map((key) => this.#remember(key, ttlMs))]);
  }

  async #remember(key: string, ttlMs: number): Promise<void> {
    try {
      await this.store.done(key, ttlMs);
    } catch (error) {
      this.logger.warn(
        'a handled message could not be remembered; should it come again, it is handled again',
        {
          key,
          error,
        },
      );
    }
  }

  /** Gives back what is held. A store that fails here keeps the leases until they end: late, but nothing is lost. */
  async release(): Promise<void> {
    const keys = [...this.#held.keys()];
    this.#held.clear();
    await Promise.allSettled(keys.map((key) => this.store.release(key)));
  }
}
