// A whole broker on its own directory and port, and a client that speaks to it, for tests of behaviour on the wire.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ExtFields, RemotingClient, RemotingCommand, type RemotingClientOptions } from '@mq/remoting';
import { decodeRecords, encodeProperties, type MessageExt } from '@mq/remoting/message';
import {
  buildSubscriptionData,
  encodeHeartbeatData,
  PullSysFlag,
  RequestCode,
  SendMessageRequestHeaderV2,
  type SubscriptionData,
} from '@mq/remoting/protocol';

import { BrokerConfiguration, BrokerController, type BrokerControllerDeps } from '../src/index.js';

export interface SendOptions {
  readonly topic?: string;
  readonly queueId?: number;
  readonly properties?: Record<string, string>;
  readonly body?: Buffer;
  readonly header?: Partial<SendMessageRequestHeaderV2>;
}

export interface PullOptions {
  readonly group?: string;
  readonly topic?: string;
  readonly queueId?: number;
  readonly offset?: number;
  readonly suspendTimeoutMillis?: number;
  readonly subscription?: string;
  readonly expressionType?: string;
  /** True: by what the group's heartbeat said. */
  readonly registered?: boolean;
  readonly subVersion?: number;
  readonly maxMsgNums?: number;
  readonly commitOffset?: number;
}

export class BrokerHarness {
  readonly directory = mkdtempSync(join(tmpdir(), 'mq-broker-'));
  readonly #clients: RemotingClient[] = [];
  #controller: BrokerController | undefined;
  #client: RemotingClient | undefined;

  get controller(): BrokerController {
    if (this.#controller === undefined) throw new Error('not started');
    return this.#controller;
  }

  async start(properties: Record<string, string> = {}, deps: BrokerControllerDeps = {}): Promise<this> {
    const { configuration, problems } = BrokerConfiguration.parse({
      brokerName: 'broker-t',
      listenPort: '0',
      storePathRootDir: this.directory,
      mappedFileSizeCommitLog: '1048576',
      mappedFileSizeConsumeQueue: '20000',
      maxHashSlotNum: '100',
      maxIndexNum: '400',
      ...properties,
    });
    if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('; '));
    this.#controller = new BrokerController(configuration, deps);
    await this.#controller.start();
    return this;
  }

  /** Closes the broker and leaves its directory. */
  async stop(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    this.#client = undefined;
    await this.#controller?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  newClient(options: RemotingClientOptions = {}): RemotingClient {
    const client = new RemotingClient(options);
    this.#clients.push(client);
    return client;
  }

  request(
    code: number,
    ext: ExtFields = {},
    body?: Buffer,
    client = this.#defaultClient(),
  ): Promise<RemotingCommand> {
    return client.request(this.controller.address, RemotingCommand.request(code, ext, body), {
      timeoutMs: 20_000,
    });
  }

  send(
    options: SendOptions = {},
    client?: RemotingClient,
    code: number = RequestCode.SEND_MESSAGE_V2,
  ): Promise<RemotingCommand> {
    const ext = SendMessageRequestHeaderV2.encode({
      producerGroup: 'P',
      topic: options.topic ?? 'T',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: options.queueId ?? 0,
      sysFlag: 0,
      bornTimestamp: 1_700_000_000_000,
      flag: 0,
      properties: encodeProperties(options.properties ?? { UNIQ_KEY: 'ID1', TAGS: 'A' }),
      ...options.header,
    });
    return this.request(code, ext, options.body ?? Buffer.from('body'), client);
  }

  pull(options: PullOptions = {}, client?: RemotingClient): Promise<RemotingCommand> {
    const { suspendTimeoutMillis = 0, commitOffset } = options;
    const suspend = suspendTimeoutMillis > 0 ? PullSysFlag.FLAG_SUSPEND : 0;
    const commit = commitOffset === undefined ? 0 : PullSysFlag.FLAG_COMMIT_OFFSET;
    const ext = {
      consumerGroup: options.group ?? 'G',
      topic: options.topic ?? 'T',
      queueId: String(options.queueId ?? 0),
      queueOffset: String(options.offset ?? 0),
      maxMsgNums: String(options.maxMsgNums ?? 32),
      sysFlag: String((options.registered === true ? 0 : PullSysFlag.FLAG_SUBSCRIPTION) | suspend | commit),
      commitOffset: String(commitOffset ?? 0),
      suspendTimeoutMillis: String(suspendTimeoutMillis),
      subscription: options.subscription ?? '*',
      subVersion: String(options.subVersion ?? 0),
      expressionType: options.expressionType ?? 'TAG',
    };
    return this.request(RequestCode.PULL_MESSAGE, ext, undefined, client);
  }

  /** Pulls with patience and decodes what came. */
  async consume(options: PullOptions = {}): Promise<MessageExt[]> {
    const response = await this.pull({ suspendTimeoutMillis: 10_000, ...options });
    return response.body === undefined ? [] : decodeRecords(response.body);
  }

  heartbeat(
    clientID: string,
    group: string,
    topics: readonly (string | SubscriptionData)[],
    client?: RemotingClient,
  ): Promise<RemotingCommand> {
    const body = encodeHeartbeatData({
      clientID,
      consumerDataSet: [
        {
          groupName: group,
          consumeType: 'CONSUME_PASSIVELY',
          messageModel: 'CLUSTERING',
          consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
          subscriptionDataSet: topics.map((topic) =>
            typeof topic === 'string' ? buildSubscriptionData(topic, '*', 'TAG', 1) : topic,
          ),
          unitMode: false,
        },
      ],
      producerDataSet: [],
      heartbeatFingerprint: 0,
      withoutSub: false,
    });
    return this.request(RequestCode.HEART_BEAT, {}, body, client);
  }

  #defaultClient(): RemotingClient {
    this.#client ??= this.newClient();
    return this.#client;
  }
}
