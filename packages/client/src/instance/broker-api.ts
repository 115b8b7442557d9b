import { RemotingCommand, type ExtFields, type HeaderCodec, type RemotingClient } from '@mq/remoting';
import {
  ConsumerSendMsgBackRequestHeader,
  EndTransactionRequestHeader,
  GetConsumerListByGroupRequestHeader,
  GetEarliestMsgStoretimeRequestHeader,
  GetEarliestMsgStoretimeResponseHeader,
  GetMaxOffsetRequestHeader,
  GetMaxOffsetResponseHeader,
  GetMinOffsetRequestHeader,
  GetMinOffsetResponseHeader,
  QueryConsumerOffsetRequestHeader,
  QueryConsumerOffsetResponseHeader,
  RequestCode,
  ResponseCode,
  SearchOffsetRequestHeader,
  SearchOffsetResponseHeader,
  UnregisterClientRequestHeader,
  UpdateConsumerOffsetRequestHeader,
  decodeGetConsumerListByGroupResponseBody,
  decodeLockBatchResponseBody,
  encodeCheckClientRequestBody,
  encodeHeartbeatData,
  encodeLockBatchRequestBody,
  encodeUnlockBatchRequestBody,
  type CheckClientRequestBody,
  type HeartbeatData,
  type LockBatchRequestBody,
  type MessageQueue,
} from '@mq/remoting/protocol';
import { errorFromRemoting, errorFromResponse, type Peer } from './response-errors.js';

/** A broker to talk to. */
export interface BrokerPeer extends Peer {
  readonly address: string;
}

export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/**
 * The requests a client makes to brokers, one typed method each: encodes the header, makes errors of refusals, decodes
 * the answer. Sending and pulling have their own modules. Upstream: MQClientAPIImpl.
 * Every method rejects with MQClientError.
 */
export class BrokerApi {
  constructor(private readonly remoting: RemotingClient) {}

  /** Sends a request and resolves with the response if its code is one of `accepted` (default SUCCESS alone). */
  async call(
    action: string,
    broker: BrokerPeer,
    command: RemotingCommand,
    options: CallOptions,
    accepted: readonly number[] = [ResponseCode.SUCCESS],
  ): Promise<RemotingCommand> {
    const response = await this.ask(action, broker, command, options);
    if (!accepted.includes(response.code)) throw errorFromResponse(action, response, broker);
    return response;
  }

  /** Sends a request and resolves with the response, also with one that refuses. */
  async ask(
    action: string,
    broker: BrokerPeer,
    command: RemotingCommand,
    options: CallOptions,
  ): Promise<RemotingCommand> {
    try {
      return await this.remoting.request(broker.address, command, options);
    } catch (error) {
      throw errorFromRemoting(action, error, broker);
    }
  }

  /** Tells the broker which groups live here (34). */
  async heartbeat(broker: BrokerPeer, data: HeartbeatData, options: CallOptions): Promise<void> {
    const command = RemotingCommand.request(RequestCode.HEART_BEAT, {}, encodeHeartbeatData(data));
    await this.call('heartbeat', broker, command, options);
  }

  /** Takes groups of this client off the broker's tables (35). */
  async unregister(
    broker: BrokerPeer,
    header: UnregisterClientRequestHeader,
    options: CallOptions,
  ): Promise<void> {
    const ext = UnregisterClientRequestHeader.encode(header);
    await this.call(
      'unregister',
      broker,
      RemotingCommand.request(RequestCode.UNREGISTER_CLIENT, ext),
      options,
    );
  }

  /** Says what became of a transaction (37, oneway); resolves when it is handed to the connection. */
  async endTransaction(
    broker: BrokerPeer,
    header: EndTransactionRequestHeader,
    remark: string | undefined,
  ): Promise<void> {
    const ext = EndTransactionRequestHeader.encode(header);
    const command = RemotingCommand.request(RequestCode.END_TRANSACTION, ext);
    command.remark = remark;
    try {
      await this.remoting.oneway(broker.address, command);
    } catch (error) {
      throw errorFromRemoting('end of a transaction', error, broker);
    }
  }

  /** Asks whether the broker can serve a filter expression (46). */
  async checkClientConfig(
    broker: BrokerPeer,
    body: CheckClientRequestBody,
    options: CallOptions,
  ): Promise<void> {
    const command = RemotingCommand.request(
      RequestCode.CHECK_CLIENT_CONFIG,
      {},
      encodeCheckClientRequestBody(body),
    );
    await this.call('check of the subscription', broker, command, options);
  }

  /** Client ids of a group, in no order (38). */
  async consumerIds(broker: BrokerPeer, consumerGroup: string, options: CallOptions): Promise<string[]> {
    const ext = GetConsumerListByGroupRequestHeader.encode({ consumerGroup });
    const command = RemotingCommand.request(RequestCode.GET_CONSUMER_LIST_BY_GROUP, ext);
    const response = await this.call('list of consumers', broker, command, options);
    return response.body === undefined
      ? []
      : decodeGetConsumerListByGroupResponseBody(response.body).consumerIdList;
  }

  /** Committed offset of a group in a queue; -1 when it has none (14). */
  async consumerOffset(
    broker: BrokerPeer,
    consumerGroup: string,
    queue: MessageQueue,
    options: CallOptions,
  ): Promise<number> {
    const ext = QueryConsumerOffsetRequestHeader.encode({ consumerGroup, ...queueFields(queue) });
    const command = RemotingCommand.request(RequestCode.QUERY_CONSUMER_OFFSET, ext);
    const accepted = [ResponseCode.SUCCESS, ResponseCode.QUERY_NOT_FOUND];
    const response = await this.call('query of the consumer offset', broker, command, options, accepted);
    if (response.code === ResponseCode.QUERY_NOT_FOUND) return -1;
    return decodeHeader(QueryConsumerOffsetResponseHeader, response, broker).offset;
  }

  /** Commits an offset (15) and waits for the broker's word. */
  async updateConsumerOffset(
    broker: BrokerPeer,
    consumerGroup: string,
    queue: MessageQueue,
    commitOffset: number,
    options: CallOptions,
  ): Promise<void> {
    const ext = UpdateConsumerOffsetRequestHeader.encode({
      consumerGroup,
      commitOffset,
      ...queueFields(queue),
    });
    await this.call(
      'commit of the offset',
      broker,
      RemotingCommand.request(RequestCode.UPDATE_CONSUMER_OFFSET, ext),
      options,
    );
  }

  /** One past the last message of a queue (30). */
  async maxOffset(broker: BrokerPeer, queue: MessageQueue, options: CallOptions): Promise<number> {
    const ext = GetMaxOffsetRequestHeader.encode({ committed: true, ...queueFields(queue) });
    const response = await this.call(
      'query of the max offset',
      broker,
      request('GET_MAX_OFFSET', ext),
      options,
    );
    return decodeHeader(GetMaxOffsetResponseHeader, response, broker).offset;
  }

  /** First message of a queue (31). */
  async minOffset(broker: BrokerPeer, queue: MessageQueue, options: CallOptions): Promise<number> {
    const ext = GetMinOffsetRequestHeader.encode(queueFields(queue));
    const response = await this.call(
      'query of the min offset',
      broker,
      request('GET_MIN_OFFSET', ext),
      options,
    );
    return decodeHeader(GetMinOffsetResponseHeader, response, broker).offset;
  }

  /** Offset of the first message stored at or after a time, milliseconds (29). */
  async searchOffset(
    broker: BrokerPeer,
    queue: MessageQueue,
    timestamp: number,
    options: CallOptions,
  ): Promise<number> {
    const ext = SearchOffsetRequestHeader.encode({ timestamp, boundaryType: 'LOWER', ...queueFields(queue) });
    const response = await this.call(
      'search of the offset',
      broker,
      request('SEARCH_OFFSET_BY_TIMESTAMP', ext),
      options,
    );
    return decodeHeader(SearchOffsetResponseHeader, response, broker).offset;
  }

  /** Store time of the first message of a queue, milliseconds; -1 when there is none (32). */
  async earliestStoreTime(broker: BrokerPeer, queue: MessageQueue, options: CallOptions): Promise<number> {
    const ext = GetEarliestMsgStoretimeRequestHeader.encode(queueFields(queue));
    const response = await this.call(
      'query of the earliest time',
      broker,
      request('GET_EARLIEST_MSG_STORETIME', ext),
      options,
    );
    return decodeHeader(GetEarliestMsgStoretimeResponseHeader, response, broker).timestamp;
  }

  /** Locks queues for orderly consumption; returns those that are ours now (41). */
  async lockBatch(
    broker: BrokerPeer,
    body: LockBatchRequestBody,
    options: CallOptions,
  ): Promise<readonly MessageQueue[]> {
    const command = RemotingCommand.request(RequestCode.LOCK_BATCH_MQ, {}, encodeLockBatchRequestBody(body));
    const response = await this.call('lock of queues', broker, command, options);
    return response.body === undefined ? [] : decodeLockBatchResponseBody(response.body).lockOKMQSet;
  }

  /** Gives locks back (42). */
  async unlockBatch(broker: BrokerPeer, body: LockBatchRequestBody, options: CallOptions): Promise<void> {
    const command = RemotingCommand.request(
      RequestCode.UNLOCK_BATCH_MQ,
      {},
      encodeUnlockBatchRequestBody(body),
    );
    await this.call('unlock of queues', broker, command, options);
  }

  /** Returns a message to the broker, to be delivered again later or to become a dead letter (36). */
  async sendMessageBack(
    broker: BrokerPeer,
    header: ConsumerSendMsgBackRequestHeader,
    options: CallOptions,
  ): Promise<void> {
    const ext = ConsumerSendMsgBackRequestHeader.encode(header);
    await this.call(
      'return of a message',
      broker,
      RemotingCommand.request(RequestCode.CONSUMER_SEND_MSG_BACK, ext),
      options,
    );
  }
}

/** Decodes a response header; a field that is missing or wrong becomes BAD_RESPONSE. */
export function decodeHeader<T>(codec: HeaderCodec<T>, response: RemotingCommand, peer: Peer): T {
  try {
    return codec.decode(response.extFields);
  } catch (error) {
    throw errorFromRemoting(`answer with ${codec.name}`, error, peer);
  }
}

function request(name: keyof typeof RequestCode, ext: ExtFields): RemotingCommand {
  return RemotingCommand.request(RequestCode[name], ext);
}

/** Topic, queue and broker name: every request about a queue carries them. */
function queueFields(queue: MessageQueue): { topic: string; queueId: number; bname: string } {
  return { topic: queue.topic, queueId: queue.queueId, bname: queue.brokerName };
}
