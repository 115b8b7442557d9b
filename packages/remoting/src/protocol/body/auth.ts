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

const userInfoCodec = jsonBody('UserInfo', userInfo);
/**
 * Encodes the body of AUTH_CREATE_USER (3001), of AUTH_UPDATE_USER (3002) and of the answer to AUTH_GET_USER
 * (3004), upstream's `UserInfo`.
 */
export const encodeUserInfo = userInfoCodec.encode;
/**
 * Decodes the body of AUTH_CREATE_USER (3001), of AUTH_UPDATE_USER (3002) and of the answer to AUTH_GET_USER
 * (3004), upstream's `UserInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeUserInfo = userInfoCodec.decode;

const userInfosCodec = jsonBody('UserInfo', list(userInfo));
/** Encodes the body of the answer to AUTH_LIST_USER (3005), a list of upstream's `UserInfo`. */
export const encodeUserInfos = userInfosCodec.encode;
/**
 * Decodes the body of the answer to AUTH_LIST_USER (3005), a list of upstream's `UserInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeUserInfos = userInfosCodec.decode;

const policyEntryInfo = bean({
  /** `Pub`, `Sub`, `Create`, ...; upstream's `Action`. */
  actions: optional(list(text)),
  /** `Allow` or `Deny`. */
  decision: optional(text),
  /** `Topic:x`, `Group:x*`, `*`, ... */
  resource: optional(text),
  /** Addresses, or ranges `ip/bits`, it holds for; absent: all. */
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

const aclInfoCodec = jsonBody('AclInfo', aclInfo);
/**
 * Encodes the body of AUTH_CREATE_ACL (3006), of AUTH_UPDATE_ACL (3007) and of the answer to AUTH_GET_ACL (3009),
 * upstream's `AclInfo`.
 */
export const encodeAclInfo = aclInfoCodec.encode;
/**
 * Decodes the body of AUTH_CREATE_ACL (3006), of AUTH_UPDATE_ACL (3007) and of the answer to AUTH_GET_ACL (3009),
 * upstream's `AclInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeAclInfo = aclInfoCodec.decode;

const aclInfosCodec = jsonBody('AclInfo', list(aclInfo));
/** Encodes the body of the answer to AUTH_LIST_ACL (3010), a list of upstream's `AclInfo`. */
export const encodeAclInfos = aclInfosCodec.encode;
/**
 * Decodes the body of the answer to AUTH_LIST_ACL (3010), a list of upstream's `AclInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeAclInfos = aclInfosCodec.decode;

const plainAccessConfig = bean({
  accessKey: text,
  /** Whether it may do what operators do. */
  admin: flag,
  /** For groups that `groupPerms` does not name: `DENY`, `PUB`, `SUB` or `PUB|SUB`. */
  defaultGroupPerm: optional(text),
  /** For topics that `topicPerms` does not name, likewise. */
  defaultTopicPerm: optional(text),
  groupPerms: list(text),
  secretKey: optional(text),
  topicPerms: list(text),
  /** Addresses that need no signature, such as `10.1.*.*`. */
  whiteRemoteAddress: optional(text),
});
/** One account of ACL 1.0 (4.x): its keys, permissions such as `topicA=PUB|SUB`, and the addresses it may use. */
export type PlainAccessConfig = BodyOf<typeof plainAccessConfig>;

const aclConfig = bean({ globalWhiteAddrs: list(text), plainAccessConfigs: list(plainAccessConfig) });
/** Answer of 54 GET_BROKER_CLUSTER_ACL_CONFIG (4.x). */
export type AclConfig = BodyOf<typeof aclConfig>;

const aclConfigCodec = jsonBody('AclConfig', aclConfig);
/** Encodes the body of the answer to GET_BROKER_CLUSTER_ACL_CONFIG (54, 4.x), upstream's `AclConfig`. */
export const encodeAclConfig = aclConfigCodec.encode;
/**
 * Decodes the body of the answer to GET_BROKER_CLUSTER_ACL_CONFIG (54, 4.x), upstream's `AclConfig`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeAclConfig = aclConfigCodec.decode;
