// RECALL_MESSAGE: a producer takes back a timer message that waits (upstream: RecallMessageProcessor, since 5.3.2). The
// recall is a timer message of its own, due in the same slot; there it takes its message out.
import { RemotingCommand, type RequestContext, type RequestProcessor } from '@mq/remoting';
import { encodeProperties, MessageConst, PropertyScanner } from '@mq/remoting/message';
import {
  isWriteable,
  RecallMessageRequestHeader,
  RecallMessageResponseHeader,
  ResponseCode,
} from '@mq/remoting/protocol';
import { type AppendMessage, recallKey } from '@mq/store';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { placeOfTimer, waitIn } from '../../schedule/delayed-message.js';
import { parseRecallHandle, type RecallHandle } from '../../schedule/recall-handle.js';
import { isStored } from './put-status.js';

const BODY = Buffer.from('0');
const TAG = '_RECALL_TAG_';

/** Every answer names the region, a refusal too: without it Apache's clients leave no trace of the recall. */
export function recallMessage(broker: BrokerParts): RequestProcessor {
  return async (request, context) => {
    const region = { [MessageConst.MSG_REGION]: broker.settings.broker.regionId };
    try {
      const header = RecallMessageRequestHeader.decode(request.extFields);
      const msgId = await recall(broker, header, context);
      const ext = { ...RecallMessageResponseHeader.encode({ msgId }), ...region };
      return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      return RemotingCommand.response(error.responseCode, error.message, region);
    }
  };
}

/** Resolves with the id of the message that will not be delivered. @throws RequestRefused */
async function recall(
  broker: BrokerParts,
  header: RecallMessageRequestHeader,
  context: RequestContext,
): Promise<string> {
  refuseWhenNotServed(broker);
  const handle = checkedHandle(broker, header);
  const message = messageOf(broker, header, handle, context);
  const result = await broker.store.put(message);
  if (!isStored(result.status)) throw refused(ResponseCode.SYSTEM_ERROR, 'execute error');
  broker.stats.recordPut(message.topic, message.queueId, 1, result.sizeBytes);
  return handle.uniqKey;
}

function refuseWhenNotServed({ settings, clock }: BrokerParts): void {
  const { broker, store } = settings;
  if (!broker.recallMessageEnable)
    throw refused(ResponseCode.NO_PERMISSION, 'operation is forbidden (recallMessageEnable is false)');
  if (store.brokerRole === 'SLAVE')
    throw refused(ResponseCode.SLAVE_NOT_AVAILABLE, 'broker service not available');
  const isOpen = clock.now() >= broker.startAcceptSendRequestTimeStamp;
  const isAllowed = isWriteable(broker.brokerPermission) || broker.allowRecallWhenBrokerNotWriteable;
  if (!isOpen || !isAllowed)
    throw refused(ResponseCode.SERVICE_NOT_AVAILABLE, 'broker service not available');
}

function checkedHandle(broker: BrokerParts, header: RecallMessageRequestHeader): RecallHandle {
  const { topic } = header;
  if (broker.topicConfig.select(topic) === undefined)
    throw refused(ResponseCode.TOPIC_NOT_EXIST, `the topic[${topic}] not exist`);
  const handle = parseRecallHandle(header.recallHandle);
  if (handle === undefined)
    throw new RequestRefused(ResponseCode.ILLEGAL_OPERATION, 'recall handle is invalid');
  if (handle.topic !== topic) throw refused(ResponseCode.ILLEGAL_OPERATION, 'topic not match');
  if (handle.brokerName !== broker.identity.brokerName)
    throw refused(ResponseCode.ILLEGAL_OPERATION, 'broker service not available');
  const leftMs = handle.deliverMs - broker.clock.now();
  if (leftMs <= 0 || leftMs >= broker.settings.store.timerMaxDelaySec * 1000)
    throw refused(ResponseCode.ILLEGAL_OPERATION, 'timestamp invalid');
  return handle;
}

function messageOf(
  broker: BrokerParts,
  header: RecallMessageRequestHeader,
  handle: RecallHandle,
  context: RequestContext,
): AppendMessage {
  const { clock, identity, settings, timers } = broker;
  const now = clock.now();
  const properties = Buffer.from(
    encodeProperties({
      [MessageConst.TAGS]: TAG,
      [MessageConst.TIMER_DEL_UNIQKEY]: recallKey(handle.topic, handle.uniqKey),
      [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX]: handle.uniqKey,
      [MessageConst.TIMER_DELIVER_MS]: String(handle.deliverMs),
      [MessageConst.BORN_TIMESTAMP]: String(now),
      [MessageConst.PRODUCER_GROUP]: header.producerGroup ?? '',
    }),
  );
  const message: AppendMessage = {
    topic: handle.topic,
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: now,
    bornHost: context.connection.remoteHostBytes,
    storeHost: identity.storeHost,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: BODY,
    properties,
    waitStoreMsgOk: true,
  };
  const scanned = new PropertyScanner();
  scanned.scan(properties);
  const place = placeOfTimer(scanned, message, now, settings.store, timers);
  if (place === undefined || typeof place === 'string')
    throw refused(ResponseCode.SYSTEM_ERROR, 'execute error');
  waitIn(place, message);
  return message;
}

function refused(code: number, why: string): RequestRefused {
  return new RequestRefused(code, `recall failed, ${why}`);
}
