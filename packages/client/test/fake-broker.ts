// A broker in memory, just enough of one to test a client against: stores, pulls with long polling, offsets, group members,
// locks, send-back. Any request code can be given another answer by a test.
import {
  RemotingCommand,
  RemotingServer,
  hostBytes,
  type Connection,
  type RequestContext,
  type RequestProcessor,
  type SerializeType,
  type ServerTlsOptions,
} from '@mq/remoting';
import { decodeBatch, encodeOffsetMsgId, encodeRecord } from '@mq/remoting/message';
import {
  ConsumerSendMsgBackRequestHeader,
  PullMessageRequestHeader,
  PullMessageResponseHeader,
  QueryConsumerOffsetRequestHeader,
  RequestCode,
  ResponseCode,
  SendMessageRequestHeaderV2,
  SendMessageResponseHeader,
  UnregisterClientRequestHeader,
  UpdateConsumerOffsetRequestHeader,
  decodeHeartbeatData,
  decodeLockBatchRequestBody,
  encodeGetConsumerListByGroupResponseBody,
  encodeLockBatchResponseBody,
  type HeartbeatData,
} from '@mq/remoting/protocol';

interface StoredQueue {
  readonly records: Buffer[];
  /** Long polls: called when something arrives or the wait is over. */
  readonly waiting: Set<() => void>;
}

export interface SeenRequest {
  readonly code: number;
  readonly ext: Readonly<Record<string, string>>;
  readonly isOneway: boolean;
  readonly body: Buffer | undefined;
  readonly serializeType: SerializeType;
}

export class FakeBroker {
  readonly server: RemotingServer;
  /** Every request, oldest first. */
  readonly seen: SeenRequest[] = [];
  readonly heartbeats: HeartbeatData[] = [];
  /** `group@topic@queueId` → committed offset. */
  readonly offsets = new Map<string, number>();
  /** Messages given back with 36. */
  readonly sentBack: ConsumerSendMsgBackRequestHeader[] = [];
  /** `topic@queueId` → client id. */
  readonly lockedBy = new Map<string, string>();
  /** Queues nobody may lock: `topic@queueId`. */
  readonly unlockable = new Set<string>();
  /** group → client ids, the latest heartbeat of each connection. */
  readonly #members = new Map<Connection, HeartbeatData>();
  readonly #queues = new Map<string, StoredQueue>();
  readonly #answers = new Map<number, RequestProcessor>();
  /** Replica that answers to pulls tell the client to read from. */
  suggestWhichBrokerId = 0;
  #physicalOffset = 0;
  address = '';

  constructor(
    readonly brokerName: string,
    tls?: ServerTlsOptions,
  ) {
    this.server = new RemotingServer({ port: 0, ...(tls === undefined ? {} : { tls }) });
    this.server.registerDefault((request, context) => this.#process(request, context));
    this.server.on('close', (connection) => void this.#members.delete(connection));
  }

  async start(): Promise<void> {
    const { host, port } = await this.server.listen();
    this.address = `${host}:${port}`;
  }

  async close(): Promise<void> {
    for (const queue of this.#queues.values()) for (const wake of queue.waiting) wake();
    await this.server.close({ timeoutMs: 500 });
  }

  /** Answers a code differently; returning 'PASS' falls through to what the broker would do. */
  answer(
    code: number,
    processor: (
      request: RemotingCommand,
      context: RequestContext,
    ) => RemotingCommand | undefined | Promise<RemotingCommand | undefined> | 'PASS',
  ): void {
    this.#answers.set(code, (request, context) => {
      const answer = processor(request, context);
      return answer === 'PASS' ? this.#serve(request, context) : answer;
    });
  }

  requests(code: number): SeenRequest[] {
    return this.seen.filter((request) => request.code === code);
  }

  /** Puts a message into a queue, as if a producer had sent it. Returns its offset. */
  store(
    topic: string,
    queueId: number,
    body: string | Buffer,
    properties = '',
    sysFlag = 0,
    flag = 0,
    reconsumeTimes = 0,
  ): number {
    const queueOffset = this.#queue(topic, queueId).records.length;
    const host = hostBytes('127.0.0.1', 10911);
    const record = encodeRecord({
      topic: Buffer.from(topic),
      queueId,
      flag,
      queueOffset,
      physicalOffset: this.#physicalOffset,
      sysFlag,
      bornTimestamp: 1,
      bornHost: host,
      storeTimestamp: 2,
      storeHost: host,
      reconsumeTimes,
      preparedTransactionOffset: 0,
      body: Buffer.isBuffer(body) ? body : Buffer.from(body),
      properties: Buffer.from(properties),
    });
    this.storeRecord(topic, queueId, record);
    return queueOffset;
  }

  /** Puts bytes into a queue that need not be a record. */
  storeRecord(topic: string, queueId: number, record: Buffer): void {
    const queue = this.#queue(topic, queueId);
    this.#physicalOffset += record.length;
    queue.records.push(record);
    for (const wake of queue.waiting) wake();
  }

  count(topic: string, queueId: number): number {
    return this.#queue(topic, queueId).records.length;
  }

  /** Sends a request to every connected client. */
  push(code: number, ext: Record<string, string>, body?: Buffer): void {
    for (const connection of this.server.connections)
      connection.oneway(RemotingCommand.request(code, ext, body));
  }

  async ask(code: number, ext: Record<string, string>, body?: Buffer): Promise<RemotingCommand> {
    const [connection] = this.#members.keys();
    return (connection as Connection).request(RemotingCommand.request(code, ext, body), { timeoutMs: 2_000 });
  }

  #process(
    request: RemotingCommand,
    context: RequestContext,
  ): RemotingCommand | undefined | Promise<RemotingCommand | undefined> {
    this.seen.push({
      code: request.code,
      ext: request.extFields,
      isOneway: request.isOneway,
      body: request.body,
      serializeType: request.serializeType,
    });
    const answer = this.#answers.get(request.code);
    return answer === undefined ? this.#serve(request, context) : answer(request, context);
  }

  #serve(request: RemotingCommand, context: RequestContext): RemotingCommand | undefined {
    switch (request.code) {
      case RequestCode.SEND_MESSAGE_V2:
      case RequestCode.SEND_BATCH_MESSAGE:
        return this.#send(request);
      case RequestCode.PULL_MESSAGE:
        return this.#pull(request, context, true);
      case RequestCode.HEART_BEAT: {
        const data = decodeHeartbeatData(request.body as Buffer);
        this.heartbeats.push(data);
        this.#members.set(context.connection, data);
        return ok();
      }
      case RequestCode.UNREGISTER_CLIENT: {
        const { consumerGroup } = UnregisterClientRequestHeader.decode(request.extFields);
        if (consumerGroup !== undefined) this.#members.delete(context.connection);
        return ok();
      }
      case RequestCode.GET_CONSUMER_LIST_BY_GROUP: {
        const group = request.extFields['consumerGroup'];
        const consumerIdList = [...this.#members.values()]
          .filter((data) => data.consumerDataSet.some(({ groupName }) => groupName === group))
          .map(({ clientID }) => clientID);
        return ok({}, encodeGetConsumerListByGroupResponseBody({ consumerIdList }));
      }
      case RequestCode.QUERY_CONSUMER_OFFSET: {
        const header = QueryConsumerOffsetRequestHeader.decode(request.extFields);
        const offset = this.offsets.get(`${header.consumerGroup}@${header.topic}@${header.queueId}`);
        return offset === undefined
          ? refuse(ResponseCode.QUERY_NOT_FOUND, 'Not found')
          : ok({ offset: String(offset) });
      }
      case RequestCode.UPDATE_CONSUMER_OFFSET: {
        const header = UpdateConsumerOffsetRequestHeader.decode(request.extFields);
        this.offsets.set(`${header.consumerGroup}@${header.topic}@${header.queueId}`, header.commitOffset);
        return ok();
      }
      case RequestCode.GET_MAX_OFFSET:
        return ok({
          offset: String(this.count(request.extFields['topic'] ?? '', Number(request.extFields['queueId']))),
        });
      case RequestCode.GET_MIN_OFFSET:
        return ok({ offset: '0' });
      case RequestCode.CONSUMER_SEND_MSG_BACK:
        this.sentBack.push(ConsumerSendMsgBackRequestHeader.decode(request.extFields));
        return ok();
      case RequestCode.LOCK_BATCH_MQ: {
        const { clientId, mqSet } = decodeLockBatchRequestBody(request.body as Buffer);
        const lockOKMQSet = mqSet.filter(({ topic, queueId }) => {
          const key = `${topic}@${queueId}`;
          if (this.unlockable.has(key) || (this.lockedBy.get(key) ?? clientId) !== clientId) return false;
          this.lockedBy.set(key, clientId);
          return true;
        });
        return ok({}, encodeLockBatchResponseBody({ lockOKMQSet }));
      }
      case RequestCode.UNLOCK_BATCH_MQ: {
        const { mqSet } = decodeLockBatchRequestBody(request.body as Buffer);
        for (const { topic, queueId } of mqSet) this.lockedBy.delete(`${topic}@${queueId}`);
        return ok();
      }
      default:
        return refuse(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, `code ${request.code}`);
    }
  }

  #send(request: RemotingCommand): RemotingCommand {
    const header = SendMessageRequestHeaderV2.decode(request.extFields);
    const body = request.body ?? Buffer.alloc(0);
    const physicalOffset = this.#physicalOffset;
    let queueOffset: number;
    if (request.code === RequestCode.SEND_BATCH_MESSAGE) {
      queueOffset = this.count(header.topic, header.queueId);
      for (const block of decodeBatch(body)) {
        this.store(header.topic, header.queueId, block.body, block.properties.toString(), 0, block.flag);
      }
    } else {
      queueOffset = this.store(
        header.topic,
        header.queueId,
        body,
        header.properties ?? '',
        header.sysFlag,
        header.flag,
      );
    }
    const msgId = encodeOffsetMsgId(hostBytes('127.0.0.1', 10911), physicalOffset);
    return ok(
      SendMessageResponseHeader.encode({
        msgId,
        queueId: header.queueId,
        queueOffset,
        msgRegion: 'R',
        traceOn: true,
      }),
    );
  }

  #pull(request: RemotingCommand, context: RequestContext, maySuspend: boolean): RemotingCommand | undefined {
    const header = PullMessageRequestHeader.decode(request.extFields);
    if ((header.sysFlag & 1) !== 0) {
      this.offsets.set(`${header.consumerGroup}@${header.topic}@${header.queueId}`, header.commitOffset);
    }
    const queue = this.#queue(header.topic, header.queueId);
    const maxOffset = queue.records.length;
    if (header.queueOffset > maxOffset)
      return this.#pulled(ResponseCode.PULL_OFFSET_MOVED, maxOffset, maxOffset);
    const records = queue.records.slice(header.queueOffset, header.queueOffset + header.maxMsgNums);
    if (records.length > 0)
      return this.#pulled(
        ResponseCode.SUCCESS,
        header.queueOffset + records.length,
        maxOffset,
        Buffer.concat(records),
      );
    if (!maySuspend || (header.sysFlag & 2) === 0)
      return this.#pulled(ResponseCode.PULL_NOT_FOUND, header.queueOffset, maxOffset);
    const resume = (): void => {
      clearTimeout(timer);
      queue.waiting.delete(resume);
      context.respond(this.#pull(request, context, false) as RemotingCommand);
    };
    const timer = setTimeout(resume, header.suspendTimeoutMillis);
    queue.waiting.add(resume);
    context.connection.on('close', () => {
      clearTimeout(timer);
      queue.waiting.delete(resume);
    });
    return undefined;
  }

  #pulled(code: number, nextBeginOffset: number, maxOffset: number, body?: Buffer): RemotingCommand {
    const { suggestWhichBrokerId } = this;
    const ext = PullMessageResponseHeader.encode({
      suggestWhichBrokerId,
      nextBeginOffset,
      minOffset: 0,
      maxOffset,
    });
    return RemotingCommand.response(code, undefined, ext, body);
  }

  #queue(topic: string, queueId: number): StoredQueue {
    const key = `${topic}@${queueId}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, (queue = { records: [], waiting: new Set() }));
    return queue;
  }
}

export function ok(ext: Record<string, string> = {}, body?: Buffer): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext, body);
}

export function refuse(code: number, remark: string): RemotingCommand {
  return RemotingCommand.response(code, remark, {});
}
