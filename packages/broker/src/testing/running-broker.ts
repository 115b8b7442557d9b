import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExtFields, RemotingClient, RemotingCommand } from '@mq/remoting';
import {
  type HeartbeatData,
  RequestCode,
  SendMessageRequestHeader,
  buildSubscriptionData,
  encodeHeartbeatData,
} from '@mq/remoting/protocol';
import { encodeProperties } from '@mq/remoting/message';
import { BrokerConfiguration } from '../broker-configuration.js';
import { BrokerController } from '../broker-controller.js';
import type { BrokerParts } from '../broker-parts.js';

/** A broker on any free port with a store of its own, and a client to talk to it. For tests of this package. */
export class RunningBroker {
  private constructor(
    readonly directory: string,
    readonly controller: BrokerController,
    readonly client: RemotingClient,
  ) {}

  static async start(properties: Readonly<Record<string, string>> = {}): Promise<RunningBroker> {
    const directory = mkdtempSync(join(tmpdir(), 'mq-admin-'));
    const { configuration, problems } = BrokerConfiguration.parse({
      brokerName: 'broker-a',
      brokerClusterName: 'GoldenCluster',
      namesrvAddr: '',
      listenPort: '0',
      storePathRootDir: join(directory, 'store'),
      storePathCommitLog: join(directory, 'store', 'commitlog'),
      mappedFileSizeCommitLog: String(1024 * 1024),
      ...properties,
    });
    if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('; '));
    const controller = new BrokerController(configuration);
    await controller.start();
    return new RunningBroker(directory, controller, new RemotingClient());
  }

  get parts(): BrokerParts {
    return this.controller.parts;
  }

  /** A further client, that is, a further connection. The caller closes it. */
  connect(options: ConstructorParameters<typeof RemotingClient>[0] = {}): RemotingClient {
    return new RemotingClient(options);
  }

  ask(code: number, ext: ExtFields = {}, body?: Buffer, client = this.client): Promise<RemotingCommand> {
    return client.request(this.controller.address, RemotingCommand.request(code, ext, body));
  }

  /** Sends a message and returns its offsetMsgId. */
  async send(
    topic: string,
    queueId: number,
    text: string,
    properties: Record<string, string> = {},
  ): Promise<string> {
    const ext = SendMessageRequestHeader.encode({
      producerGroup: 'P',
      topic,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId,
      sysFlag: 0,
      bornTimestamp: Date.now(),
      flag: 0,
      properties: encodeProperties(properties),
    });
    const answer = await this.ask(RequestCode.SEND_MESSAGE, ext, Buffer.from(text));
    if (answer.code !== 0) throw new Error(`send answered ${answer.code}: ${answer.remark}`);
    return answer.extFields['msgId'] ?? '';
  }

  /** Has a client heartbeat as a producer of one group and a consumer of another. */
  async heartbeat(
    client: RemotingClient,
    clientID: string,
    groups: { readonly producer?: string; readonly consumer?: string; readonly topics?: readonly string[] },
  ): Promise<void> {
    const subscriptionDataSet = (groups.topics ?? []).map((topic) =>
      buildSubscriptionData(topic, '*', 'TAG', 1),
    );
    const data: HeartbeatData = {
      clientID,
      producerDataSet: groups.producer === undefined ? [] : [{ groupName: groups.producer }],
      consumerDataSet:
        groups.consumer === undefined
          ? []
          : [
              {
                groupName: groups.consumer,
                consumeType: 'CONSUME_PASSIVELY',
                messageModel: 'CLUSTERING',
                consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
                subscriptionDataSet,
                unitMode: false,
              },
            ],
      heartbeatFingerprint: 0,
      withoutSub: false,
    };
    const answer = await this.ask(RequestCode.HEART_BEAT, {}, encodeHeartbeatData(data), client);
    if (answer.code !== 0) throw new Error(`heartbeat answered ${answer.code}: ${answer.remark}`);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.controller.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
