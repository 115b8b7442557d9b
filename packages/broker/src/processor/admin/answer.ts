import { RemotingCommand } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

/** A success without a body. */
export function done(): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS);
}

/** A success with a body. */
export function found(body: Buffer): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, body);
}

/** Topics and groups are changed at the master only; its slaves copy them. Throws RequestRefused. */
export function assertMaster(parts: BrokerParts): void {
  if (parts.identity.brokerId === 0) return;
  throw new RequestRefused(
    ResponseCode.SYSTEM_ERROR,
    "Can't modify topic or subscription group from slave broker, please execute it from master broker.",
  );
}

/** Refuses with INVALID_PARAMETER when there is a problem. */
export function assertValid(problem: string | undefined): void {
  if (problem !== undefined) throw new RequestRefused(ResponseCode.INVALID_PARAMETER, problem);
}
