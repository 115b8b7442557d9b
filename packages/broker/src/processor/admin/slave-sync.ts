// 43 GET_ALL_CONSUMER_OFFSET, 45 GET_ALL_DELAY_OFFSET, 60 GET_TIMER_CHECK_POINT, 61 GET_TIMER_METRICS,
// 402 GET_ALL_MESSAGE_REQUEST_MODE: what slaves copy from their master.
import type { RequestProcessor } from '@mq/remoting';
import {
  encodeConsumerOffsetSerializeWrapper,
  encodeDelayOffsetSerializeWrapper,
  encodeMessageRequestModeSerializeWrapper,
  encodeTimerCheckpoint,
  encodeTimerMetrics,
  ResponseCode,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';

/** 43: the text of consumerOffset.json, compact. */
export function getAllConsumerOffset(parts: BrokerParts): RequestProcessor {
  return () => found(encodeConsumerOffsetSerializeWrapper(parts.consumerOffsets.serializeWrapper()));
}

/** 45: the text of delayOffset.json, compact. */
export function getAllDelayOffset(parts: BrokerParts): RequestProcessor {
  return () => found(encodeDelayOffsetSerializeWrapper(parts.schedule.serializeWrapper()));
}

/** 60 (5.x): how far timers are read and enqueued. */
export function getTimerCheckPoint({ timers }: BrokerParts): RequestProcessor {
  return () => {
    if (timers === undefined) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'The checkpoint is null');
    return found(encodeTimerCheckpoint(timers.checkpoint));
  };
}

/** 61 (5.x): timer messages that wait, by topic. */
export function getTimerMetrics({ timers }: BrokerParts): RequestProcessor {
  return () => {
    if (timers === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'The timer message store is null');
    return found(encodeTimerMetrics(timers.counts.toBody()));
  };
}

/** 402 (5.x): which groups pop which topics. */
export function getAllMessageRequestMode(parts: BrokerParts): RequestProcessor {
  return () => found(encodeMessageRequestModeSerializeWrapper(parts.pop.requestModes.serializeWrapper()));
}
