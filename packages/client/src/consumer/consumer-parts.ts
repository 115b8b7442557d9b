import { DEFAULT_INSTANCE_NAME } from '@mq/remoting/message';
import { wrapNamespace, type MessageModel } from '@mq/remoting/protocol';
import { hooksOf } from '../hooks/hooks-of.js';
import type { ObservationOptions } from '../hooks/message-hook.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember } from '../instance/group-members.js';
import { settledWithin } from '../instance/sleeper.js';
import { LocalFileOffsetStore } from '../offset/local-file-offset-store.js';
import type { OffsetStore } from '../offset/offset-store.js';
import { RemoteBrokerOffsetStore } from '../offset/remote-broker-offset-store.js';
import type { ClientOptions } from '../options.js';
import { MessageReturner } from './message-returner.js';
import type { ReceivedMessage } from './received-message.js';

interface PartsOptions extends ClientOptions, ObservationOptions {
  client?: ClientInstance;
  offsetStore?: OffsetStore;
}

interface PartsSettings {
  readonly consumerGroup: string;
  readonly messageModel: MessageModel;
  readonly maxReconsumeTimes: number | undefined;
  readonly localOffsetStoreDir: string;
}

/** What every consumer of a group is made of, whoever asks for its messages: built, opened and closed in one place. */
export class ConsumerParts {
  readonly client: ClientInstance;
  /** With namespace. */
  readonly group: string;
  readonly offsets: OffsetStore;
  readonly returner: MessageReturner;
  /** Absent: nobody watches. */
  readonly hooks: MessageHooks | undefined;
  readonly #ownsClient: boolean;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: PartsOptions, settings: PartsSettings) {
    const isClustering = settings.messageModel === 'CLUSTERING';
    this.#ownsClient = options.client === undefined;
    // A broadcasting consumer finds its offsets again by its client id, which must then not change with the process.
    this.client =
      options.client ??
      new ClientInstance(isClustering ? options : { instanceName: DEFAULT_INSTANCE_NAME, ...options });
    const { clientId, logger, namespace } = this.client;
    this.group = wrapNamespace(namespace, settings.consumerGroup);
    this.offsets =
      options.offsetStore ??
      (isClustering
        ? new RemoteBrokerOffsetStore(this.client, this.group)
        : new LocalFileOffsetStore(settings.localOffsetStoreDir, clientId, this.group, logger));
    this.returner = new MessageReturner(this.client, this.group, settings.maxReconsumeTimes);
    this.hooks = hooksOf(this.client, options, settings.consumerGroup, 'CONSUME');
  }

  /** @throws MQClientError CLOSED; LOCAL_STORE_FAILED */
  async open(): Promise<void> {
    await this.client.start();
    await this.offsets.load();
  }

  /** Unregisters and, unless the client is shared, closes the connections. */
  async close(member: ConsumerMember, leftMs: () => number): Promise<void> {
    const { client } = this;
    await this.hooks?.close(leftMs());
    await settledWithin(client.clock, client.unregisterConsumer(member, leftMs()), leftMs());
    if (this.#ownsClient) await client.close({ timeoutMs: leftMs() });
  }

  /** See `MessageReturner.sendBack`. @throws MQClientError */
  async sendBack(message: ReceivedMessage, delayLevel: number): Promise<void> {
    const { topic, brokerName, queueId } = message;
    await this.returner.sendBack(message, { topic, brokerName, queueId }, delayLevel);
  }
}
