// clientId: how a client names itself in heartbeats; a consumer's id decides its place in the rebalance.

/** The instance name that stands for "make one of your own". */
export const DEFAULT_INSTANCE_NAME = 'DEFAULT';

/**
 * Name for a client that was given none: two clients of one process must not share an id, nor two processes of one
 * machine (upstream: ClientConfig.changeInstanceNameToPID, `pid#nanoTime`).
 */
export function instanceNameOf(given: string, pid: number, nanoTime: bigint): string {
  return given === DEFAULT_INSTANCE_NAME ? `${pid}#${nanoTime}` : given;
}

/** What a client id `ip@instance[@unit]` is made of. */
export interface ClientIdParts {
  /** The client's own address, as text. */
  clientIp: string;
  /** Tells the clients of one machine apart; see `instanceNameOf`. */
  instanceName: string;
  /** Unit of a multi-site setup; blank counts as none. */
  unitName?: string;
  /** Marks clients that ask for stream processing (upstream: enableStreamRequestType). */
  stream?: boolean;
}

/** `ip@instance[@unit][@STREAM]` (upstream: ClientConfig.buildMQClientId). */
export function buildClientId({
  clientIp,
  instanceName,
  unitName = '',
  stream = false,
}: ClientIdParts): string {
  const unit = unitName.trim() === '' ? '' : `@${unitName}`;
  return `${clientIp}@${instanceName}${unit}${stream ? '@STREAM' : ''}`;
}
