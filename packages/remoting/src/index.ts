// The transport: frames, header codecs, connections, server and client. Protocol types, messages and settings have
// entries of their own: @mq/remoting/protocol, /message, /settings.
export { consoleLogger, silentLogger } from './logger.js';
export type { ConsoleLoggerOptions, LogFacts, Logger, LogLevel } from './logger.js';
export { ManualClock, systemClock } from './clock.js';
export type { Clock, Timer } from './clock.js';
export { Lifespan } from './lifespan.js';
export { RepeatingTask, RepeatingTasks } from './repeating-task.js';
export type { RepeatingTaskDeps } from './repeating-task.js';
export { DeadlineWheel, type WheelEntry } from './deadline-wheel.js';
export { LinkedList, LinkedNode } from './linked-list.js';
export { LoopRest, type LoopRestOptions } from './loop-rest.js';
export { TurnScheduler } from './turn.js';
export type { TurnPhase, TurnTask } from './turn.js';
export { isRemotingError, RemotingError } from './errors.js';
export type { RemotingErrorCode, RemotingErrorDetails } from './errors.js';
export { createExtFields, onewayFlag, RemotingCommand, responseFlag } from './command.js';
export type { ExtFields, HeaderCodec, HotResponseHeader, SerializeType } from './command.js';
export { descriptorLimit } from './descriptor-limit.js';
export { formatAddress, hostBytes, isLoopback, parseAddress, plainIp } from './addresses.js';
export type { HostAndPort } from './addresses.js';
export { decodeFrame, defaultMaxFrameBytes, encodeFrame } from './codec/frame.js';
export { FrameDecoder } from './codec/frame-decoder.js';
export { serializeTypeFromEnv } from './codec/serialize-type.js';
export { readInt16, readInt32, writeDecimal, writeInt16, writeInt32, writeUtf8 } from './codec/bytes.js';
export { writeRocketmqEntry } from './codec/rocketmq-header.js';
export { writeJsonText } from './codec/json-header.js';
export type { Connection, ConnectionRequestOptions } from './connection.js';
export type { RequestContext } from './request-context.js';
export type { RequestHook } from './request-hooks.js';
export type { RequestProcessor } from './dispatcher.js';
export { proxyHeaderAttribute, RemotingServer } from './server.js';
export type {
  ListenAddress,
  RemotingServerDeps,
  RemotingServerEvent,
  RemotingServerOptions,
} from './server.js';
export { RemotingClient } from './client.js';
export type {
  ClientHook,
  RemotingClientDeps,
  RemotingClientEvent,
  RemotingClientOptions,
  RequestOptions,
} from './client.js';
export { Backoff } from './backoff.js';
export type { BackoffOptions } from './backoff.js';
export type { ProxyHeader } from './haproxy.js';
export type { ClientTlsOptions, Pem, ServerTlsOptions, TlsCertificate, TlsMode } from './tls/tls-options.js';
