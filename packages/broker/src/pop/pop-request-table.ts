import type { RequestProcessor } from '@mq/remoting';
import { RequestCode } from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import { queryAssignment, setMessageRequestMode } from './assignment/query-assignment.js';
import { ackMessage, batchAckMessage } from './processor/ack-message.js';
import { changeInvisibleTime } from './processor/change-invisible-time.js';
import { notification, pollingInfo } from './processor/notification.js';
import { peekMessage } from './processor/peek-message.js';
import { PopMessageProcessor } from './processor/pop-message-processor.js';

interface PopCode {
  readonly code: number;
  readonly processor: RequestProcessor;
  readonly onFastPort: boolean;
}

/** The request codes of pop consumption. Those that may wait are not served on the fast port, as upstream. */
export function popRequestTable(broker: BrokerParts): PopCode[] {
  const { pop } = new PopMessageProcessor(broker);
  const slow = (code: number, processor: RequestProcessor): PopCode => ({
    code,
    processor,
    onFastPort: false,
  });
  const quick = (code: number, processor: RequestProcessor): PopCode => ({
    code,
    processor,
    onFastPort: true,
  });
  return [
    slow(RequestCode.POP_MESSAGE, pop),
    slow(RequestCode.NOTIFICATION, notification(broker)),
    slow(RequestCode.POLLING_INFO, pollingInfo(broker)),
    slow(RequestCode.PEEK_MESSAGE, peekMessage(broker)),
    quick(RequestCode.ACK_MESSAGE, ackMessage(broker)),
    quick(RequestCode.BATCH_ACK_MESSAGE, batchAckMessage(broker)),
    quick(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, changeInvisibleTime(broker)),
    quick(RequestCode.QUERY_ASSIGNMENT, queryAssignment(broker)),
    quick(RequestCode.SET_MESSAGE_REQUEST_MODE, setMessageRequestMode(broker)),
  ];
}
