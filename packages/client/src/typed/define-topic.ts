import type { MessageHandler } from '../consumer/message-handler.js';
import { handlePart } from '../consumer/partial-batch.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import type { SubscriptionExpression } from '../consumer/subscriptions.js';
import { MQClientError, assertArgument } from '../errors.js';
import { assertTopic } from '../names.js';
import { bodyBytes, type OutgoingMessage } from '../producer/outgoing-message.js';
import type { SendOptions } from '../producer/send-options.js';
import type { SendResult } from '../producer/send-result.js';
import { jsonCodec, type MessageCodec } from './message-codec.js';
import { issuesText, type StandardSchema } from './standard-schema.js';

/** What a typed topic is made of. */
export interface TopicDefinition<Input, Output> {
  /** Zod, Valibot, ArkType or any other that implements Standard Schema. May check asynchronously. */
  readonly schema: StandardSchema<Input, Output>;
  /** Default: JSON. */
  readonly codec?: MessageCodec;
}

/** A received message whose body fits: `value` is what the schema made of it. */
export type TypedMessage<Output> = ReceivedMessage & { readonly value: Output };

/** As `MessageHandler`, with the values beside the messages. */
export type TypedMessageHandler<Output> = MessageHandler<TypedMessage<Output>>;

/** Everything of a message but its topic and body. */
export type MessageFields = Omit<OutgoingMessage, 'topic' | 'body'>;

/** A `Producer`, or another that sends as it does. */
export interface MessageSink {
  /** As `Producer.send`. */
  send(message: OutgoingMessage, options?: SendOptions): Promise<SendResult>;
}

/** A `PushConsumer`, or another that subscribes and gives up on messages as it does. */
export interface MessageSource {
  /** As `PushConsumer.subscribe`. */
  subscribe(topic: string, expression?: SubscriptionExpression, handler?: MessageHandler): void;
  /** As `PushConsumer.sendToDeadLetter`. */
  sendToDeadLetter(message: ReceivedMessage, reason: string): Promise<void>;
}

/** A topic whose messages are checked where they are sent and where they are received. Made by {@link defineTopic}. */
export interface TypedTopic<Input, Output> {
  /** Its name, without namespace. */
  readonly topic: string;
  /**
   * The message for a value: for `send` of a producer, a batch, a transaction. The body is the value as given; defaults and
   * transformations of the schema are made on receiving. What is checked is what consumers will read: a `Date` of JSON is text
   * there, which `z.date()` would refuse and `z.coerce.date()` takes.
   * @throws MQClientError MESSAGE_ILLEGAL when the value does not fit, with the schema's issues in its message
   */
  message(value: Input, fields?: MessageFields): Promise<OutgoingMessage>;
  /** Checks and sends. @throws as `message`, and as the producer's `send` */
  send(
    producer: MessageSink,
    value: Input,
    fields?: MessageFields,
    options?: SendOptions,
  ): Promise<SendResult>;
  /**
   * Subscribes with a handler that gets values. A message that cannot be read or does not fit never reaches it: it goes to
   * the group's dead letter topic at once, with the reason in its property `DLQ_REASON`, and counts as consumed. When that
   * fails, it comes again as a failed message does.
   */
  subscribe(
    consumer: MessageSource,
    handler: TypedMessageHandler<Output>,
    expression?: SubscriptionExpression,
  ): void;
  /** The value of a message, from whatever consumer. @throws MQClientError MESSAGE_ILLEGAL */
  parse(message: Pick<ReceivedMessage, 'body'>): Promise<Output>;
}

/**
 * Gives a topic's messages a type, checked by a schema:
 *
 *     const orders = defineTopic('Orders', { schema: z.object({ id: z.number(), total: z.number() }) });
 *     await orders.send(producer, { id: 1, total: 99.5 }, { keys: '1' });
 *     orders.subscribe(consumer, async (messages) => {
 *       for (const { value } of messages) console.log(value.total);
 *     });
 *
 * @throws MQClientError INVALID_ARGUMENT for a name that no topic can have
 */
export function defineTopic<Input, Output = Input>(
  topic: string,
  definition: TopicDefinition<Input, Output>,
): TypedTopic<Input, Output> {
  assertTopic(topic);
  assertArgument(
    typeof definition?.schema?.['~standard']?.validate === 'function',
    'the schema does not implement Standard Schema; Zod from 3.24 on, Valibot and ArkType do',
  );
  return new CheckedTopic(topic, definition.schema, definition.codec ?? jsonCodec);
}

class CheckedTopic<Input, Output> implements TypedTopic<Input, Output> {
  constructor(
    readonly topic: string,
    private readonly schema: StandardSchema<Input, Output>,
    private readonly codec: MessageCodec,
  ) {}

  async message(value: Input, fields: MessageFields = {}): Promise<OutgoingMessage> {
    const body = this.#encode(value);
    try {
      await this.parse({ body });
    } catch (cause) {
      // Says what is wrong with the value itself, if anything is.
      await this.#check(value);
      const reason = cause instanceof Error ? cause.message : String(cause);
      const problem = `the value fits ${this.topic}, but not what consumers will read from its body: ${reason}`;
      throw new MQClientError('MESSAGE_ILLEGAL', problem, { cause });
    }
    return { ...fields, topic: this.topic, body };
  }

  async send(
    producer: MessageSink,
    value: Input,
    fields?: MessageFields,
    options?: SendOptions,
  ): Promise<SendResult> {
    return producer.send(await this.message(value, fields), options);
  }

  async parse(message: Pick<ReceivedMessage, 'body'>): Promise<Output> {
    let decoded: unknown;
    try {
      decoded = this.codec.decode(message.body);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MQClientError('MESSAGE_ILLEGAL', `the body cannot be read: ${reason}`, { cause });
    }
    return this.#check(decoded);
  }

  subscribe(
    consumer: MessageSource,
    handler: TypedMessageHandler<Output>,
    expression: SubscriptionExpression = '*',
  ): void {
    assertArgument(typeof handler === 'function', `no handler for topic "${this.topic}"`);
    // An orderly batch that fails comes again as it is: its dead letters are not sent anew each time.
    const buried = new WeakSet<ReceivedMessage>();
    consumer.subscribe(this.topic, expression, async (messages, context) => {
      const fitting: number[] = [];
      for (const [index, message] of messages.entries()) {
        if (buried.has(message)) continue;
        const reason = await this.#attachValue(message);
        if (reason === undefined) {
          fitting.push(index);
          continue;
        }
        await consumer.sendToDeadLetter(message, reason);
        buried.add(message);
      }
      return handlePart(messages, fitting, context, (some, part) =>
        handler(some as readonly TypedMessage<Output>[], part),
      );
    });
  }

  /** Puts the value beside the body, or says why there is none. */
  async #attachValue(message: ReceivedMessage): Promise<string | undefined> {
    try {
      Object.assign(message, { value: await this.parse(message) });
      return undefined;
    } catch (error) {
      if (error instanceof MQClientError && error.code === 'MESSAGE_ILLEGAL') return error.message;
      throw error;
    }
  }

  #encode(value: Input): Buffer {
    try {
      return bodyBytes(this.codec.encode(value));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MQClientError('MESSAGE_ILLEGAL', `no body for ${this.topic}: ${reason}`, { cause });
    }
  }

  async #check(value: unknown): Promise<Output> {
    const result = await this.schema['~standard'].validate(value);
    if (result.issues === undefined) return result.value;
    const issues = issuesText(result.issues);
    throw new MQClientError('MESSAGE_ILLEGAL', `not a message of ${this.topic}: ${issues}`);
  }
}
