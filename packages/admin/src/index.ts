// The one door of @mq/admin: the operations of an operator, and the command line on top of them.
export { MQAdmin } from './mq-admin.js';
export type { MQAdminOptions } from './options.js';
export { AdminError, isAdminError, type AdminErrorCode, type AdminErrorDetail } from './errors.js';
export { BrokerStatistic } from './operations/brokers.js';
export type { BrokerOperations, ConsumeQueueQuery } from './operations/brokers.js';
export type { ClientOperations } from './operations/clients.js';
export type { ClusterMember, ClusterOperations } from './operations/cluster.js';
export type { GroupOnBroker, GroupOperations, RequestModeChange } from './operations/groups.js';
export type { MessageOperations, QueryOptions } from './operations/messages.js';
export type { NameServerOperations } from './operations/name-servers.js';
export type { OffsetOperations, ResetByTime, RollbackStats } from './operations/offsets.js';
export type { ProbeOperations, SendProbe } from './operations/probes.js';
export type { TopicChange, TopicOperations } from './operations/topics.js';
export type { MessageTrack, TrackOperations, TrackType } from './operations/tracks.js';
export { runMqadmin } from './cli/run-mqadmin.js';
export type { MqadminHost } from './cli/mqadmin-host.js';
