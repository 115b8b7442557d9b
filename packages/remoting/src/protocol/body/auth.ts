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
export const { encode: encodeUserInfo, decode: decodeUserInfo } = jsonBody('UserInfo', userInfo);
/** Answer of 3005. */
export const { encode: encodeUserInfos, decode: decodeUserInfos } = jsonBody('UserInfo', list(userInfo));

const policyEntryInfo = bean({
  actions: optional(list(text)),
  /** `Allow` or `Deny`. */
  decision: optional(text),
  /** `Topic:x`, `Group:x*`, `*`, ... */
  resource: optional(text),
  sourceIps: optional(list(text)),
});
export type PolicyEntryInfo = BodyOf<typeof policyEntryInfo>;

const policyInfo = bean({
  entries: optional(list(policyEntryInfo)),
  /** `Custom` or `Default`. */
  policyType: optional(text),
});
export type PolicyInfo = BodyOf<typeof policyInfo>;

const aclInfo = bean({
  policies: optional(list(policyInfo)),
  /** `User:name` */
  subject: optional(text),
});
/** Body of 3006 and 3007, answer of 3009. */
export type AclInfo = BodyOf<typeof aclInfo>;
export const { encode: encodeAclInfo, decode: decodeAclInfo } = jsonBody('AclInfo', aclInfo);
/** Answer of 3010. */
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
export type PlainAccessConfig = BodyOf<typeof plainAccessConfig>;

const aclConfig = bean({ globalWhiteAddrs: list(text), plainAccessConfigs: list(plainAccessConfig) });
/** Answer of 54 GET_BROKER_CLUSTER_ACL_CONFIG (4.x). */
export type AclConfig = BodyOf<typeof aclConfig>;
export const { encode: encodeAclConfig, decode: decodeAclConfig } = jsonBody('AclConfig', aclConfig);
