// A producer of transactions as the wire sees it: sends half messages, ends them, and takes the broker's checks.
import { type RemotingClient, RemotingCommand } from '@mq/remoting';
import { decodeOffsetMsgId, decodeRecord, type MessageExt } from '@mq/remoting/message';
import {
  CheckTransactionStateRequestHeader,
  encodeHeartbeatData,
  EndTransactionRequestHeader,
  RequestCode,
  ResponseCode,
  SendMessageResponseHeader,
} from '@mq/remoting/protocol';

import type { BrokerHarness } from './broker-harness.js';

export const COMMIT = 8;
export const ROLLBACK = 12;
export const UNKNOWN = 0;

/** What a producer knows of its half message: enough to end it. */
export interface HalfSent {
  readonly uniqKey: string;
  readonly tranStateTableOffset: number;
  readonly commitLogOffset: number;
}

/** A check as it arrived. */
export interface Check {
  readonly header: CheckTransactionStateRequestHeader;
  readonly message: MessageExt;
  /** Ends the transaction as the check's answer. */
  answer(decision: number): Promise<RemotingCommand>;
}

export class TransactionProducer {
  readonly checks: Check[] = [];
  /** Answers checks by itself when set. */
  decide: ((check: Check) => number) | undefined;
  #onCheck: (() => void)[] = [];

  private constructor(
    private readonly broker: BrokerHarness,
    readonly client: RemotingClient,
    private readonly group: string,
  ) {}

  /** Connects and registers the group. */
  static async join(broker: BrokerHarness, group = 'P'): Promise<TransactionProducer> {
    const client = broker.newClient();
    const producer = new TransactionProducer(broker, client, group);
    client.register(RequestCode.CHECK_TRANSACTION_STATE, (request) => {
      producer.#checked(request);
      return undefined;
    });
    const body = encodeHeartbeatData({
      clientID: `${group}@${Math.random()}`,
      consumerDataSet: [],
      producerDataSet: [{ groupName: group }],
      heartbeatFingerprint: 0,
      withoutSub: false,
    });
    await broker.request(RequestCode.HEART_BEAT, {}, body, client);
    return producer;
  }

  async sendHalf(uniqKey: string, options: { properties?: Record<string, string>; topic?: string } = {}) {
    const answer = await this.broker.send(
      {
        topic: options.topic ?? 'T',
        properties: {
          UNIQ_KEY: uniqKey,
          TAGS: 'A',
          TRAN_MSG: 'true',
          PGROUP: this.group,
          ...options.properties,
        },
        body: Buffer.from(uniqKey),
        header: { sysFlag: 4, bornTimestamp: Date.now(), producerGroup: this.group },
      },
      this.client,
    );
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`${answer.code}: ${answer.remark ?? ''}`);
    const { msgId, queueOffset } = SendMessageResponseHeader.decode(answer.extFields);
    const half: HalfSent = {
      uniqKey,
      tranStateTableOffset: queueOffset,
      commitLogOffset: decodeOffsetMsgId(msgId)?.physicalOffset ?? -1,
    };
    return half;
  }

  end(half: HalfSent, commitOrRollback: number, change: Partial<EndTransactionRequestHeader> = {}) {
    const ext = EndTransactionRequestHeader.encode({
      producerGroup: this.group,
      tranStateTableOffset: half.tranStateTableOffset,
      commitLogOffset: half.commitLogOffset,
      commitOrRollback,
      msgId: half.uniqKey,
      transactionId: half.uniqKey,
      ...change,
    });
    return this.broker.request(RequestCode.END_TRANSACTION, ext, undefined, this.client);
  }

  /** Resolves once so many checks have come in all. */
  async checked(count: number): Promise<readonly Check[]> {
    while (this.checks.length < count) await new Promise<void>((resolve) => this.#onCheck.push(resolve));
    return this.checks;
  }

  #checked(request: RemotingCommand): void {
    const header = CheckTransactionStateRequestHeader.decode(request.extFields);
    const message = request.body === undefined ? undefined : decodeRecord(request.body);
    if (message === undefined) throw new Error('a check without a message');
    const { msgId = '', tranStateTableOffset, commitLogOffset } = header;
    const half = { uniqKey: msgId, tranStateTableOffset, commitLogOffset };
    const check: Check = {
      header,
      message,
      answer: (decision) => this.end(half, decision, { fromTransactionCheck: true }),
    };
    this.checks.push(check);
    const decision = this.decide?.(check);
    if (decision !== undefined) void check.answer(decision);
    for (const notify of this.#onCheck.splice(0)) notify();
  }
}
