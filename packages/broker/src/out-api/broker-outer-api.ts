// Requests a broker sends to NameServers (upstream: BrokerOuterAPI). Every NameServer is asked on its own: they know
// nothing of each other, and one that is down must not keep the others waiting.
import { type Logger, RemotingClient, RemotingCommand } from '@mq/remoting';
import { bodyCrc } from '@mq/remoting/message';
import {
  type DataVersion,
  decodeKVTable,
  decodeTopicRouteData,
  encodeDataVersion,
  encodeRegisterBrokerBody,
  GetRouteInfoRequestHeader,
  isReadable,
  type MessageQueue,
  QueryDataVersionRequestHeader,
  QueryDataVersionResponseHeader,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
  RequestCode,
  ResponseCode,
  type TopicConfigSerializeWrapper,
  UnRegisterBrokerRequestHeader,
} from '@mq/remoting/protocol';

import type { BrokerIdentity } from '../broker-identity.js';

/** How long a stopping broker waits for a NameServer to take its leave. */
const UNREGISTER_TIMEOUT_MS = 3_000;
/** How long a NameServer may take to tell a route. */
const ROUTE_TIMEOUT_MS = 3_000;

export interface RegistrationOptions {
  readonly timeoutMs: number;
  readonly compressed: boolean;
  /** Addresses that clients get with their routes. */
  readonly filterServers: readonly string[];
  readonly enableActingMaster: boolean;
  /** Told to the NameServer as this broker's lifetime without news; undefined: its own default, 120 s. */
  readonly heartbeatTimeoutMillis: number | undefined;
}

/** What a NameServer answered to a registration. */
export interface RegistrationAnswer {
  readonly nameServer: string;
  /** Address of the group's master and of its HA port, told to slaves. */
  readonly masterAddr: string | undefined;
  readonly haServerAddr: string | undefined;
  /** Topics with an order configuration. */
  readonly orderTopics: ReadonlyMap<string, string>;
}

export class BrokerOuterApi {
  readonly #client: RemotingClient;
  readonly #logger: Logger;
  #nameServers: readonly string[];

  constructor(deps: {
    readonly client: RemotingClient;
    readonly logger: Logger;
    readonly nameServers: readonly string[];
  }) {
    this.#client = deps.client;
    this.#logger = deps.logger;
    this.#nameServers = deps.nameServers;
  }

  /** `host:port` of each NameServer. */
  get nameServers(): readonly string[] {
    return this.#nameServers;
  }

  /** Registers at every NameServer; the answers of those that took it. Never rejects: the next period tries again. */
  async registerAll(
    identity: BrokerIdentity,
    topics: TopicConfigSerializeWrapper,
    options: RegistrationOptions,
  ): Promise<RegistrationAnswer[]> {
    const body = encodeRegisterBrokerBody(
      { filterServerList: [...options.filterServers], topicConfigSerializeWrapper: topics },
      { compressed: options.compressed },
    );
    const ext = RegisterBrokerRequestHeader.encode({
      ...nameOf(identity),
      haServerAddr: identity.haServerAddr,
      // 5.x brokers say false whatever they send, and NameServers then fail to read it; 4.9 tells the truth.
      compressed: options.compressed,
      bodyCrc32: bodyCrc(body),
      enableActingMaster: options.enableActingMaster,
      heartbeatTimeoutMillis: options.heartbeatTimeoutMillis,
    });
    const answers = await Promise.all(
      this.#nameServers.map((address) => this.#register(address, ext, body, options.timeoutMs)),
    );
    return answers.filter((answer) => answer !== undefined);
  }

  /** Takes leave of every NameServer; resolves when each answered, failed or let 3 s pass. */
  async unregisterAll(identity: BrokerIdentity): Promise<void> {
    const ext = UnRegisterBrokerRequestHeader.encode(nameOf(identity));
    await Promise.all(
      this.#nameServers.map((address) =>
        this.#ask(
          address,
          RemotingCommand.request(RequestCode.UNREGISTER_BROKER, ext),
          UNREGISTER_TIMEOUT_MS,
        ),
      ),
    );
  }

  /** True when a NameServer does not have this version of the topics, or does not answer (forceRegister=false). */
  async needsRegistration(
    identity: BrokerIdentity,
    version: DataVersion,
    timeoutMs: number,
  ): Promise<boolean> {
    const ext = QueryDataVersionRequestHeader.encode(nameOf(identity));
    const body = encodeDataVersion(version);
    const answers = await Promise.all(
      this.#nameServers.map((address) =>
        this.#ask(address, RemotingCommand.request(RequestCode.QUERY_DATA_VERSION, ext, body), timeoutMs),
      ),
    );
    return answers.some(
      (answer) => answer === undefined || QueryDataVersionResponseHeader.decode(answer.extFields).changed,
    );
  }

  /** Queues of a topic that may be read, on all brokers; undefined when no NameServer answers or knows it. */
  async readableQueues(topic: string): Promise<MessageQueue[] | undefined> {
    const ext = GetRouteInfoRequestHeader.encode({ topic, acceptStandardJsonOnly: true });
    for (const address of this.#nameServers) {
      const request = RemotingCommand.request(RequestCode.GET_ROUTEINFO_BY_TOPIC, ext);
      const response = await this.#ask(address, request, ROUTE_TIMEOUT_MS, [ResponseCode.TOPIC_NOT_EXIST]);
      if (response?.code !== ResponseCode.SUCCESS || response.body === undefined) continue;
      return decodeTopicRouteData(response.body)
        .queueDatas.filter(({ perm }) => isReadable(perm))
        .flatMap(({ brokerName, readQueueNums }) =>
          Array.from({ length: readQueueNums }, (_, queueId) => ({ topic, brokerName, queueId })),
        );
    }
    return undefined;
  }

  async #register(
    nameServer: string,
    ext: Record<string, string>,
    body: Buffer,
    timeoutMs: number,
  ): Promise<RegistrationAnswer | undefined> {
    const request = RemotingCommand.request(RequestCode.REGISTER_BROKER, ext, body);
    const response = await this.#ask(nameServer, request, timeoutMs);
    if (response === undefined) return undefined;
    const { masterAddr, haServerAddr } = RegisterBrokerResponseHeader.decode(response.extFields);
    const kv = response.body === undefined ? {} : decodeKVTable(response.body).table;
    return { nameServer, masterAddr, haServerAddr, orderTopics: new Map(Object.entries(kv)) };
  }

  /** The response when it is a success, or one of `expected`; anything else is logged. */
  async #ask(
    address: string,
    request: RemotingCommand,
    timeoutMs: number,
    expected: readonly number[] = [],
  ): Promise<RemotingCommand | undefined> {
    try {
      const response = await this.#client.request(address, request, { timeoutMs });
      if (response.code === ResponseCode.SUCCESS || expected.includes(response.code)) return response;
      const { code, remark } = response;
      this.#logger.warn('NameServer refused', { address, request: request.code, code, remark });
    } catch (error) {
      this.#logger.warn('NameServer not reached', { address, request: request.code, error });
    }
    return undefined;
  }
}

function nameOf(identity: BrokerIdentity): {
  brokerName: string;
  brokerAddr: string;
  clusterName: string;
  brokerId: number;
} {
  const { brokerName, brokerAddr, clusterName, brokerId } = identity;
  return { brokerName, brokerAddr, clusterName, brokerId };
}
