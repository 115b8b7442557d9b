// 46 CHECK_CLIENT_CONFIG: a consumer asks whether the broker can evaluate its subscription (upstream:
// ClientManageProcessor#checkClientConfig).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { decodeCheckClientRequestBody, ResponseCode } from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { assertSubscription } from '../../filter/message-filter.js';

export function checkClientConfig(broker: Pick<BrokerParts, 'filters' | 'settings'>): RequestProcessor {
  return (request) => {
    const subscription =
      request.body === undefined ? undefined : decodeCheckClientRequestBody(request.body).subscriptionData;
    if (subscription !== undefined) assertSubscription(broker, subscription);
    return RemotingCommand.response(ResponseCode.SUCCESS);
  };
}
