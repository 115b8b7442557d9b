import { RemotingCommand } from '@mq/remoting';
import {
  AckMessageRequestHeader,
  encodeBatchAckMessageRequestBody,
  formatPopHandle,
  POP_ORDER_REVIVE_QUEUE,
  popStoredTopic,
  RequestCode,
  ResponseCode,
  type BatchAck,
  type PopHandle,
} from '@mq/remoting/protocol';
import { isMQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';

/** Acknowledgements of one request at most. */
const MAX_BATCH = 1_024;
/** Messages further from the start of their checkpoint than this are acknowledged alone. */
const MAX_DISTANCE = 4_096;

interface WaitingAck {
  readonly handle: PopHandle;
  readonly offset: number;
  readonly consumerGroup: string;
  /** As the application's consumers know it, with namespace. */
  readonly wireTopic: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Acknowledges popped messages: those of one turn of the event loop go to each broker with one request. Brokers that do not
 * know batches (before 5.1) get one request a message.
 */
export class AckSender {
  /** Broker name → what waits for the end of the turn. */
  #waiting = new Map<string, WaitingAck[]>();
  readonly #withoutBatch = new Set<string>();

  constructor(private readonly client: ClientInstance) {}

  /** Resolves when the broker took it. @throws MQClientError */
  ack(handle: PopHandle, consumerGroup: string, wireTopic: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const offset = handle.queueOffset ?? handle.checkpointOffset;
      if (this.#waiting.size === 0) setImmediate(() => this.#flush());
      const waiting = this.#waiting.get(handle.brokerName);
      const ack = { handle, offset, consumerGroup, wireTopic, resolve, reject };
      if (waiting === undefined) this.#waiting.set(handle.brokerName, [ack]);
      else waiting.push(ack);
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [brokerName, acks] of waiting) {
      for (let at = 0; at < acks.length; at += MAX_BATCH) {
        const some = acks.slice(at, at + MAX_BATCH);
        if (some.length > 1 && !this.#withoutBatch.has(brokerName)) void this.#sendBatch(brokerName, some);
        else for (const ack of some) void this.#sendOne(brokerName, ack);
      }
    }
  }

  async #sendBatch(brokerName: string, acks: readonly WaitingAck[]): Promise<void> {
    // An answer to a batch says nothing of its parts: those popped in order, which can fail, go alone.
    const { batches, alone } = batchesOf(acks);
    for (const ack of alone) void this.#sendOne(brokerName, ack);
    const batched = acks.filter((ack) => !alone.includes(ack));
    const [first] = batched;
    if (first === undefined) return;
    try {
      const broker = await this.client.masterOf(queueOf(first));
      const body = encodeBatchAckMessageRequestBody({ brokerName, acks: batches });
      const command = RemotingCommand.request(RequestCode.BATCH_ACK_MESSAGE, {}, body);
      await this.client.brokers.call('acknowledgement', broker, command, this.#options);
      for (const ack of batched) ack.resolve();
    } catch (error) {
      if (isMQClientError(error) && error.responseCode === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) {
        this.#withoutBatch.add(brokerName);
        for (const ack of batched) void this.#sendOne(brokerName, ack);
      } else {
        for (const ack of batched) ack.reject(error);
      }
    }
  }

  async #sendOne(brokerName: string, ack: WaitingAck): Promise<void> {
    const { handle, offset, consumerGroup, wireTopic } = ack;
    try {
      const broker = await this.client.masterOf(queueOf(ack));
      const ext = AckMessageRequestHeader.encode({
        consumerGroup,
        topic: popStoredTopic(wireTopic, consumerGroup, handle.retryFlag),
        queueId: handle.queueId,
        offset,
        extraInfo: formatPopHandle(handle),
        bname: brokerName,
      });
      const command = RemotingCommand.request(RequestCode.ACK_MESSAGE, ext);
      await this.client.brokers.call('acknowledgement', broker, command, this.#options);
      ack.resolve();
    } catch (error) {
      ack.reject(error);
    }
  }

  get #options(): { timeoutMs: number } {
    return { timeoutMs: this.client.requestTimeoutMs };
  }
}

const queueOf = ({
  handle,
  wireTopic,
}: WaitingAck): { topic: string; brokerName: string; queueId: number } => ({
  topic: wireTopic,
  brokerName: handle.brokerName,
  queueId: handle.queueId,
});

/** One element a checkpoint; those that do not fit its bits are left over. */
function batchesOf(acks: readonly WaitingAck[]): { batches: BatchAck[]; alone: WaitingAck[] } {
  const byCheckpoint = new Map<string, WaitingAck[]>();
  const alone: WaitingAck[] = [];
  for (const ack of acks) {
    const { handle, offset, consumerGroup, wireTopic } = ack;
    const distance = offset - handle.checkpointOffset;
    if (handle.reviveQueueId === POP_ORDER_REVIVE_QUEUE || distance < 0 || distance > MAX_DISTANCE) {
      alone.push(ack);
      continue;
    }
    const { checkpointOffset, popTime, retryFlag, queueId } = handle;
    const key = [consumerGroup, wireTopic, checkpointOffset, popTime, retryFlag, queueId].join(' ');
    const same = byCheckpoint.get(key);
    if (same === undefined) byCheckpoint.set(key, [ack]);
    else same.push(ack);
  }
  return { batches: Array.from(byCheckpoint.values(), batchOf), alone };
}

function batchOf(acks: readonly WaitingAck[]): BatchAck {
  const { handle, consumerGroup, wireTopic } = acks[0] as WaitingAck;
  const bits = acks.map(({ offset }) => offset - handle.checkpointOffset);
  const bitSet = Buffer.alloc((Math.max(...bits) >> 3) + 1);
  for (const bit of bits) bitSet[bit >> 3] = (bitSet[bit >> 3] as number) | (1 << (bit & 7));
  return {
    consumerGroup,
    topic: wireTopic,
    retry: handle.retryFlag,
    startOffset: handle.checkpointOffset,
    queueId: handle.queueId,
    reviveQueueId: handle.reviveQueueId,
    popTime: handle.popTime,
    invisibleTime: handle.invisibleTime,
    bitSet,
  };
}
