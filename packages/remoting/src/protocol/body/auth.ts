// Users and ACLs of 5.3, and the ACL 1.0 configuration of 4.x (remoting.md 3.13).
import { bean, flag, jsonBody, list, optional, text, type BodyOf } from './shape.js';

const userInfo = bean({
  password: optional(text),
  /** `enable` or `disable`. */
  userStatus: optional(text),
  /** `Super` or `Normal`. */
  userType: optional(text),
  username: optional(text),
});
/** Body of 3001 and 3002, answer of 3004. */
export type UserInfo = BodyOf<typeof userInfo>;
/**
 * Body of AUTH_CREATE_USER (3001) and AUTH_UPDATE_USER (3002), answer to AUTH_GET_USER (3004): upstream's
 * `UserInfo`. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeUserInfo, decode: decodeUserInfo } = jsonBody('UserInfo', userInfo);
/**
 * Body of the answer to AUTH_LIST_USER (3005): a list of upstream's `UserInfo`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeUserInfos, decode: decodeUserInfos } = jsonBody('UserInfo', list(userInfo));

const policyEntryInfo = bean({
  actions: optional(list(text)),
  /** `Allow` or `Deny`. */
  decision: optional(text),
  /** `Topic:x`, `Group:x*`, `*`, ... */
  resource: optional(text),
  sourceIps: optional(list(text)),
});
/** Who may do what with one resource, and from where; upstream's `AclInfo.PolicyEntryInfo`. */
export type PolicyEntryInfo = BodyOf<typeof policyEntryInfo>;

const policyInfo = bean({
  entries: optional(list(policyEntryInfo)),
  /** `Custom` or `Default`. */
  policyType: optional(text),
});
/** Entries of one kind, `Custom` or `Default`; upstream's `AclInfo.PolicyInfo`. */
export type PolicyInfo = BodyOf<typeof policyInfo>;

const aclInfo = bean({
  policies: optional(list(policyInfo)),
  /** `User:name` */
  subject: optional(text),
});
/** Body of 3006 and 3007, answer of 3009. */
export type AclInfo = BodyOf<typeof aclInfo>;
/**
 * Body of AUTH_CREATE_ACL (3006) and AUTH_UPDATE_ACL (3007), answer to AUTH_GET_ACL (3009): upstream's `AclInfo`.
 * Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeAclInfo, decode: decodeAclInfo } = jsonBody('AclInfo', aclInfo);
/**
 * Body of the answer to AUTH_LIST_ACL (3010): a list of upstream's `AclInfo`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeAclInfos, decode: decodeAclInfos } = jsonBody('AclInfo', list(aclInfo));

const plainAccessConfig = bean({
  accessKey: text,
  admin: flag,
  defaultGroupPerm: optional(text),
  defaultTopicPerm: optional(text),
  groupPerms: list(text),
  secretKey: optional(text),
  topicPerms: list(text),
  whiteRemoteAddress: optional(text),
});
/** One account of ACL 1.0 (4.x): its keys, permissions such as `topicA=PUB|SUB`, and the addresses it may use. */
export type PlainAccessConfig = BodyOf<typeof plainAccessConfig>;

const aclConfig = bean({ globalWhiteAddrs: list(text), plainAccessConfigs: list(plainAccessConfig) });
/** Answer of 54 GET_BROKER_CLUSTER_ACL_CONFIG (4.x). */
export type AclConfig = BodyOf<typeof aclConfig>;
/**
 * Body of the answer to GET_BROKER_CLUSTER_ACL_CONFIG (54, 4.x): upstream's `AclConfig`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeAclConfig, decode: decodeAclConfig } = jsonBody('AclConfig', aclConfig);
