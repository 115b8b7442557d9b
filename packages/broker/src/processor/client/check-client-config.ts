// 46 CHECK_CLIENT_CONFIG: a consumer asks whether the broker can evaluate its subscription (upstream:
// ClientManageProcessor#checkClientConfig).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { decodeCheckClientRequestBody, isTagType, ResponseCode } from '@mq/remoting/protocol';

import { RequestRefused } from '../../request-refused.js';

export function checkClientConfig(): RequestProcessor {
  return (request) => {
    const subscription =
      request.body === undefined ? undefined : decodeCheckClientRequestBody(request.body).subscriptionData;
    if (subscription !== undefined && !isTagType(subscription.expressionType)) {
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        `The broker does not support consumer to filter message by ${subscription.expressionType}`,
      );
    }
    return RemotingCommand.response(ResponseCode.SUCCESS);
  };
}
