import { bean, intTable, jsonBody, optional, setList, table, text, type BodyOf } from './shape.js';
import { brokerData } from './topic-route-data.js';

const clusterInfo = bean({ brokerAddrTable: table(brokerData), clusterAddrTable: table(setList(text)) });
/** Answer of 106: broker groups by name, broker names by cluster. Integer keys are always bare. */
export type ClusterInfo = BodyOf<typeof clusterInfo>;

const clusterInfoCodec = jsonBody('ClusterInfo', clusterInfo);
/** Encodes the body of the answer to GET_BROKER_CLUSTER_INFO (106), upstream's `ClusterInfo`. */
export const encodeClusterInfo = clusterInfoCodec.encode;
/**
 * Decodes the body of the answer to GET_BROKER_CLUSTER_INFO (106), upstream's `ClusterInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeClusterInfo = clusterInfoCodec.decode;

export const brokerMemberGroup = bean({ brokerAddrs: intTable(text), brokerName: text, cluster: text });
/** The live members of one broker group, addresses by id. */
export type BrokerMemberGroup = BodyOf<typeof brokerMemberGroup>;

const getBrokerMemberGroupResponseBody = bean({ brokerMemberGroup: optional(brokerMemberGroup) });
/** Answer of 901. */
export type GetBrokerMemberGroupResponseBody = BodyOf<typeof getBrokerMemberGroupResponseBody>;

const getBrokerMemberGroupResponseBodyCodec = jsonBody(
  'GetBrokerMemberGroupResponseBody',
  getBrokerMemberGroupResponseBody,
);
/**
 * Encodes the body of the answer to GET_BROKER_MEMBER_GROUP (901), upstream's `GetBrokerMemberGroupResponseBody`.
 */
export const encodeGetBrokerMemberGroupResponseBody = getBrokerMemberGroupResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to GET_BROKER_MEMBER_GROUP (901), upstream's `GetBrokerMemberGroupResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeGetBrokerMemberGroupResponseBody = getBrokerMemberGroupResponseBodyCodec.decode;
