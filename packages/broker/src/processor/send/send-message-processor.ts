// SEND_MESSAGE, SEND_MESSAGE_V2, SEND_BATCH_MESSAGE (upstream: SendMessageProcessor): checks the target, composes the
// record's parts from the bytes of the request, appends, and lets the store call a SendWaiter.
//
// The ordinary send makes neither a map of the properties nor a promise: the client's properties are stored as they came,
// with a suffix prepared once (CLUSTER, MSG_REGION, TRACE_ON). Whatever needs other properties (dead letters, a POP_CK to
// strip) takes the general path, `#rewrite`; a delayed message gets its true target into the suffix.
import type { RemotingCommand, RequestContext } from '@mq/remoting';
import {
  BatchBlocks,
  decodeProperties,
  encodeProperties,
  encodeProperty,
  MessageConst,
  OffsetMsgIdEncoder,
  PropertyScanner,
  PropertySlot,
  SysFlag,
  TRANSACTION_TYPE_MASK,
  UniqIdGenerator,
} from '@mq/remoting/message';
import {
  decodeSendHeader,
  isRetryTopic,
  RequestCode,
  ResponseCode,
  type HotSendHeader,
  type TopicConfig,
} from '@mq/remoting/protocol';
import type { AppendMessage } from '@mq/store';

import { anyQueueId } from '../any-queue-id.js';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { isBatchTopic } from '../../topic/queue-type.js';
import {
  asksForTime,
  mayBeDelayed,
  placeOfLevel,
  placeOfTimer,
  remarkOfRefusal,
  waitIn,
  type WaitingPlace,
} from '../../schedule/delayed-message.js';
import { recallHandleOf } from '../../schedule/recall-handle.js';
import { becomeHalf, HALF_TOPIC, halfProperties } from '../../transaction/half-message.js';
import { HalfWaiter } from '../../transaction/half-waiter.js';
import { BytesInFlight } from './bytes-in-flight.js';
import { responseCodeOf } from './put-status.js';
import { deadLetterTarget } from './retry-limit.js';
import { checkedTopic } from './send-checks.js';
import { SendResponseHeader } from './send-response-header.js';
import { type SendAnswering, SendWaiter } from './send-waiter.js';

/** Batches are mostly smaller; more scanners than this are not kept for the next one. */
const MAX_KEPT_SCANNERS = 256;

export class SendMessageProcessor {
  readonly #broker: BrokerParts;
  readonly #answering: SendAnswering;
  readonly #inFlight = new BytesInFlight();
  readonly #properties = new PropertyScanner();
  readonly #ofBatch: PropertyScanner[] = [];
  readonly #uniqIds: UniqIdGenerator;
  /** Properties that the broker adds to every message, as text and as bytes. */
  #suffixText = '';
  #suffix = Buffer.alloc(0);

  constructor(broker: BrokerParts) {
    this.#broker = broker;
    const { regionId, traceOn } = broker.settings.broker;
    const ids = new OffsetMsgIdEncoder(broker.identity.storeHost);
    const header = new SendResponseHeader(ids, regionId, traceOn);
    this.#answering = { broker, ids, header, inFlight: this.#inFlight };
    this.#uniqIds = new UniqIdGenerator({ clock: broker.clock });
    this.#makeSuffix();
    broker.settings.onChange(() => {
      header.setTrace(broker.settings.broker.regionId, broker.settings.broker.traceOn);
      this.#makeSuffix();
    });
  }

  /** Serves 10, 310 and 320. The store answers, so nothing is returned. */
  readonly send = (request: RemotingCommand, context: RequestContext): undefined => {
    this.#refuseWhenNotAccepting();
    if (context.waitedMs > 0) this.#refuseWhenLate(context.waitedMs);
    const header = decodeSendHeader(request);
    const config = checkedTopic(this.#broker, header, context.connection.remoteAddress);
    const { body } = request;
    if (body === undefined) throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'the message has no body');
    if (header.batch || request.code === RequestCode.SEND_BATCH_MESSAGE) {
      this.#sendBatch(request, context, header, config, body);
    } else {
      this.#sendOne(request, context, header, config, body);
    }
    return undefined;
  };

  #sendOne(
    request: RemotingCommand,
    context: RequestContext,
    header: HotSendHeader,
    config: TopicConfig,
    body: Buffer,
  ): void {
    const properties = header.propertiesBytes;
    const scanned = this.#properties;
    scanned.scan(properties);
    const message = this.#compose(context, header, config, body, properties);
    message.waitStoreMsgOk = !scanned.equalsIgnoreCase(PropertySlot.WAIT, 'false');
    this.#refuseUnserved(scanned, message, config);
    if (scanned.has(PropertySlot.TRAN_MSG) && isHalf(scanned, message)) {
      this.#sendHalf(context, message);
      return;
    }

    // The producer is told the queue it asked for, also when the message is delayed or dead.
    const { queueId } = message;
    const isDelayed = scanned.has(PropertySlot.DELAY) || asksForTime(scanned);
    let place: WaitingPlace | undefined;
    if (scanned.has(PropertySlot.POP_CK) || isRetryTopic(header.topic) || isDelayed) {
      if (!isDelayed || this.#mustRewrite(scanned, header)) this.#rewrite(request, header, message);
      place = this.#placeOf(scanned, message);
      message.isDue = place === undefined;
    } else {
      message.scanned = scanned;
    }
    // Nothing refuses from here on: what is admitted reaches the store, whose answer ends it.
    const bytes = this.#admit(context, header.topic, body.length + properties.length, 1);
    const waiter = new SendWaiter(this.#answering, context, header.topic, queueId, bytes, 1);
    if (scanned.has(PropertySlot.UNIQ_KEY)) {
      waiter.setUniqKey(properties, scanned.start(PropertySlot.UNIQ_KEY), scanned.end(PropertySlot.UNIQ_KEY));
    } else {
      message.propertiesSuffix = Buffer.from(this.#suffixWithId(waiter));
      message.scanned = undefined;
    }
    if (place !== undefined) {
      waitIn(place, message);
      if (place.outMs !== undefined && !isRetryTopic(header.topic)) {
        const { brokerName } = this.#broker.identity;
        waiter.recallHandle = recallHandleOf(header.topic, brokerName, place.outMs, waiter.uniqKey);
      }
    }
    this.#broker.store.append(message, waiter);
  }

  /** Whether a delayed message needs other properties than it has. */
  #mustRewrite(scanned: PropertyScanner, header: HotSendHeader): boolean {
    if (scanned.has(PropertySlot.POP_CK) || isRetryTopic(header.topic)) return true;
    // A level makes the other delays count for nothing; upstream removes them.
    return scanned.integer(PropertySlot.DELAY, 0) > 0 && asksForTime(scanned);
  }

  /** Where the message has to wait; undefined: nowhere. Looks at the properties as they are now. @throws RequestRefused */
  #placeOf(scanned: PropertyScanner, message: AppendMessage): WaitingPlace | undefined {
    if (!mayBeDelayed(message.sysFlag)) return undefined;
    const { settings, schedule, clock, timers } = this.#broker;
    scanned.scan(message.properties);
    const level = scanned.integer(PropertySlot.DELAY, 0);
    if (level > 0) return placeOfLevel(level, schedule.levels, message);
    if (!asksForTime(scanned)) return undefined;
    const place = placeOfTimer(scanned, message, clock.now(), settings.store, timers);
    if (typeof place !== 'string') return place;
    throw new RequestRefused(responseCodeOf(place), remarkOfRefusal(place, settings.store));
  }

  /** The first half of a transaction: stored aside until its producer commits it. */
  #sendHalf(context: RequestContext, message: AppendMessage): void {
    const { settings, identity, store, transactions } = this.#broker;
    if (settings.broker.rejectTransactionMessage) {
      throw new RequestRefused(
        ResponseCode.NO_PERMISSION,
        `the broker[${identity.brokerAddr}] sending transaction message is forbidden`,
      );
    }
    const scanned = this.#properties;
    // Upstream delays the half message itself and drops it when it is due; clients remove the level before they send.
    if (scanned.has(PropertySlot.DELAY) || asksForTime(scanned)) {
      throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'a transactional message cannot be delayed');
    }
    const { topic, queueId, properties, body } = message;
    const bytes = this.#admit(context, topic, body.length + properties.length, 1);
    const waiter = new SendWaiter(this.#answering, context, HALF_TOPIC, queueId, bytes, 1);
    let uniqKey = scanned.text(PropertySlot.UNIQ_KEY);
    let suffix = this.#suffixText;
    if (uniqKey === undefined) {
      uniqKey = this.#uniqIds.next();
      suffix = this.#suffixWithId(waiter, uniqKey);
    } else {
      waiter.setUniqKey(properties, scanned.start(PropertySlot.UNIQ_KEY), scanned.end(PropertySlot.UNIQ_KEY));
      message.scanned = scanned;
    }
    message.propertiesSuffix = Buffer.from(suffix + halfProperties(topic, queueId, uniqKey));
    becomeHalf(message);
    store.append(message, new HalfWaiter(waiter, transactions.metrics, topic));
  }

  /** Clients give every message an id; where one did not, the broker does. */
  #suffixWithId(waiter: SendWaiter, uniqKey: string = this.#uniqIds.next()): string {
    const id = Buffer.from(uniqKey);
    waiter.setUniqKey(id, 0, id.length);
    return encodeProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, uniqKey) + this.#suffixText;
  }

  /**
   * Each message keeps its own UNIQ_KEY; upstream 5.3.3 overwrites them with the batch's. In a topic of type BatchCQ the batch
   * stays one record. Upstream makes one only of a batch with an id of its own, as 5.x clients send it;
   * of others it acknowledges every message, and shows it to nobody.
   */
  #sendBatch(
    request: RemotingCommand,
    context: RequestContext,
    header: HotSendHeader,
    config: TopicConfig,
    body: Buffer,
  ): void {
    if (isRetryTopic(header.topic)) {
      throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'batch request does not support retry group');
    }
    const { maxMessageSize } = this.#broker.settings.store;
    if (body.length > maxMessageSize) {
      throw new RequestRefused(
        ResponseCode.MESSAGE_ILLEGAL,
        `a batch of ${body.length} bytes is over maxMessageSize ${maxMessageSize}`,
      );
    }
    const ofBatch = header.propertiesBytes;
    const scanned = this.#properties;
    scanned.scan(ofBatch);
    refuseInBatch(scanned, header);
    const waitStoreMsgOk = !scanned.equalsIgnoreCase(PropertySlot.WAIT, 'false');
    const idStart = scanned.start(PropertySlot.UNIQ_KEY);
    const idEnd = scanned.end(PropertySlot.UNIQ_KEY);
    const queueId = this.#targetQueue(header, config);
    // All messages of a batch go to one queue.
    header.queueId = queueId;
    const blocks = new BatchBlocks(body);
    const { count } = blocks;
    const scannedBlocks: PropertyScanner[] = [];
    for (let index = 0; index < count; index++) {
      const ofMessage = this.#scannerOf(index);
      ofMessage.scan(body, blocks.propertiesStart(index), blocks.propertiesEnd(index), blocks.view);
      this.#refuseUnserved(ofMessage, header, config);
      refuseInBatch(ofMessage, header);
      scannedBlocks.push(ofMessage);
    }
    const bytes = this.#admit(context, header.topic, body.length, count);
    const waiter = new SendWaiter(this.#answering, context, header.topic, queueId, bytes, count);
    waiter.setUniqKey(ofBatch, idStart, idEnd);
    const batch = this.#compose(context, header, config, body, ofBatch);
    batch.waitStoreMsgOk = waitStoreMsgOk;
    if (!isBatchTopic(config)) {
      this.#broker.store.appendBatch({ message: batch, blocks, scanned: scannedBlocks }, waiter);
      return;
    }
    batch.sysFlag |= SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP;
    batch.innerCount = count;
    batch.scanned = scanned;
    waiter.isInnerBatch = true;
    this.#broker.store.append(batch, waiter);
  }

  /** Scanners of a batch's messages; they are needed together, until the store has the batch. */
  #scannerOf(index: number): PropertyScanner {
    let scanner = this.#ofBatch[index];
    if (scanner === undefined) {
      scanner = new PropertyScanner();
      if (index < MAX_KEPT_SCANNERS) this.#ofBatch[index] = scanner;
    }
    return scanner;
  }

  #compose(
    context: RequestContext,
    header: HotSendHeader,
    config: TopicConfig,
    body: Buffer,
    properties: Buffer,
  ): AppendMessage {
    return {
      topic: header.topic,
      queueId: this.#targetQueue(header, config),
      flag: header.flag,
      sysFlag: config.topicFilterType === 'MULTI_TAG' ? header.sysFlag | SysFlag.MULTI_TAGS : header.sysFlag,
      bornTimestamp: header.bornTimestamp,
      bornHost: context.connection.remoteHostBytes,
      storeHost: this.#broker.identity.storeHost,
      reconsumeTimes: header.reconsumeTimes,
      preparedTransactionOffset: 0,
      body,
      properties,
      propertiesSuffix: this.#suffix,
      tagsCode: undefined,
      waitStoreMsgOk: true,
      scanned: undefined,
      isDue: false,
    };
  }

  /** The general path: changes the message's target and properties. */
  #rewrite(request: RemotingCommand, header: HotSendHeader, message: AppendMessage): void {
    const properties = decodeProperties(message.properties.toString('utf8'));
    delete properties[MessageConst.POP_CK];
    // A copy of a message of a topic of type BatchCQ that comes back.
    delete properties[MessageConst.INNER_NUM];
    delete properties[MessageConst.INNER_BASE];
    const deadLetters = deadLetterTarget(this.#broker, request.version, header);
    if (deadLetters !== undefined) {
      message.topic = deadLetters.topic;
      message.queueId = deadLetters.queueId;
      properties[MessageConst.DELAY_TIME_LEVEL] = '-1';
    }
    if (Number(properties[MessageConst.DELAY_TIME_LEVEL] ?? 0) > 0) {
      delete properties[MessageConst.TIMER_DELAY_SEC];
      delete properties[MessageConst.TIMER_DELAY_MS];
      delete properties[MessageConst.TIMER_DELIVER_MS];
    }
    message.properties = Buffer.from(encodeProperties(properties));
  }

  /** Kinds of messages that this version must not store as if they were ordinary ones. */
  #refuseUnserved(
    properties: PropertyScanner,
    { topic, sysFlag }: { readonly topic: string; readonly sysFlag: number },
    config: TopicConfig,
  ): void {
    const saysInner = properties.has(PropertySlot.INNER_NUM) && !isRetryTopic(topic);
    if (saysInner || (sysFlag & SysFlag.INNER_BATCH) !== 0) {
      throw new RequestRefused(
        ResponseCode.MESSAGE_ILLEGAL,
        'inner batches are made by the broker: send a batch to a topic of type BatchCQ',
      );
    }
    if (config.attributes?.['cleanup.policy'] === 'COMPACTION' && !properties.has(PropertySlot.KEYS)) {
      throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'Required message key is missing');
    }
  }

  #refuseWhenNotAccepting(): void {
    const { startAcceptSendRequestTimeStamp } = this.#broker.settings.broker;
    if (startAcceptSendRequestTimeStamp > 0 && this.#broker.clock.now() < startAcceptSendRequestTimeStamp) {
      const until = new Date(startAcceptSendRequestTimeStamp).toISOString();
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `broker unable to service, until ${until}`);
    }
  }

  /** Whoever sent it may have given up meanwhile, and sends it again (upstream: BrokerFastFailure). */
  #refuseWhenLate(waitedMs: number): void {
    const { brokerFastFailureEnable, waitTimeMillsInSendQueue } = this.#broker.settings.broker;
    if (!brokerFastFailureEnable || waitedMs <= waitTimeMillsInSendQueue) return;
    throw new RequestRefused(
      ResponseCode.SYSTEM_BUSY,
      `[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: ${waitedMs}ms, ` +
        `waitTimeMillsInSendQueue is ${waitTimeMillsInSendQueue}: it waited behind other requests of its connection, whose ` +
        'answers are large or are not read; read them, or send by another connection',
    );
  }

  #admit(context: RequestContext, topic: string, bytes: number, messages: number): number {
    const { limits } = this.#broker;
    if (limits.isActive) limits.admit(topic, context.connection, messages);
    const bound = this.#broker.settings.broker.maxSendBytesInFlight;
    if (this.#inFlight.tryAdd(bytes, bound)) return bytes;
    throw new RequestRefused(
      ResponseCode.SYSTEM_BUSY,
      `[OVERLOAD]system busy: ${this.#inFlight.bytes} bytes of sends wait for the store, the bound maxSendBytesInFlight is ${bound}`,
    );
  }

  /** A producer that does not care leaves the queue to the broker. */
  #targetQueue(header: HotSendHeader, config: TopicConfig): number {
    return header.queueId >= 0 ? header.queueId : anyQueueId(this.#broker, config.writeQueueNums);
  }

  #makeSuffix(): void {
    const { brokerClusterName, regionId, traceOn } = this.#broker.settings.broker;
    this.#suffixText = encodeProperties({
      [MessageConst.CLUSTER]: brokerClusterName,
      [MessageConst.MSG_REGION]: regionId,
      [MessageConst.TRACE_SWITCH]: String(traceOn),
    });
    this.#suffix = Buffer.from(this.#suffixText);
  }
}

/** Of a batch and of each of its messages: in a batch nothing waits aside, upstream delivers it at once, or never. */
function refuseInBatch(properties: PropertyScanner, header: HotSendHeader): void {
  if (properties.has(PropertySlot.DELAY) || asksForTime(properties)) {
    throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'a batch cannot hold delayed messages');
  }
  if ((header.sysFlag & TRANSACTION_TYPE_MASK) !== 0 || isHalf(properties, header)) {
    throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'a batch cannot hold transactional messages');
  }
}

/** Clients before 4.6.1 leave TRAN_MSG on a message they send back to a retry topic: that is no half message. */
function isHalf(properties: PropertyScanner, message: { readonly reconsumeTimes: number }): boolean {
  if (!properties.equalsIgnoreCase(PropertySlot.TRAN_MSG, 'true')) return false;
  return !(message.reconsumeTimes > 0 && properties.integer(PropertySlot.DELAY, 0) > 0);
}
