// 43 GET_ALL_CONSUMER_OFFSET, 45 GET_ALL_DELAY_OFFSET, 402 GET_ALL_MESSAGE_REQUEST_MODE: what slaves copy from their master.
import type { RequestProcessor } from '@mq/remoting';
import {
  encodeConsumerOffsetSerializeWrapper,
  encodeDelayOffsetSerializeWrapper,
  encodeMessageRequestModeSerializeWrapper,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { found } from './answer.js';

/** 43: the text of consumerOffset.json, compact. */
export function getAllConsumerOffset(parts: BrokerParts): RequestProcessor {
  return () => found(encodeConsumerOffsetSerializeWrapper(parts.consumerOffsets.serializeWrapper()));
}

/** 45: the text of delayOffset.json, compact. */
export function getAllDelayOffset(parts: BrokerParts): RequestProcessor {
  return () => found(encodeDelayOffsetSerializeWrapper(parts.schedule.serializeWrapper()));
}

/** 402 (5.x): which groups pop which topics. */
export function getAllMessageRequestMode(parts: BrokerParts): RequestProcessor {
  return () => found(encodeMessageRequestModeSerializeWrapper(parts.pop.requestModes.serializeWrapper()));
}
