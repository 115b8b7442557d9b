// Users and ACLs (5.3), and ACL 1.0 administration (4.x). Field names are upstream's.
import { boolean, defineHeader, string, type HeaderOf } from '../header.js';

/** 3001 AUTH_CREATE_USER */
export const CreateUserRequestHeader = defineHeader('CreateUserRequestHeader', {
  username: string().optional(),
});
export type CreateUserRequestHeader = HeaderOf<typeof CreateUserRequestHeader>;

/** 3002 AUTH_UPDATE_USER */
export const UpdateUserRequestHeader = defineHeader('UpdateUserRequestHeader', {
  username: string().optional(),
});
export type UpdateUserRequestHeader = HeaderOf<typeof UpdateUserRequestHeader>;

/** 3003 AUTH_DELETE_USER */
export const DeleteUserRequestHeader = defineHeader('DeleteUserRequestHeader', {
  username: string().optional(),
});
export type DeleteUserRequestHeader = HeaderOf<typeof DeleteUserRequestHeader>;

/** 3004 AUTH_GET_USER */
export const GetUserRequestHeader = defineHeader('GetUserRequestHeader', {
  username: string().optional(),
});
export type GetUserRequestHeader = HeaderOf<typeof GetUserRequestHeader>;

/** 3005 AUTH_LIST_USER */
export const ListUsersRequestHeader = defineHeader('ListUsersRequestHeader', {
  /** Part of the names wanted; absent: all. */
  filter: string().optional(),
});
export type ListUsersRequestHeader = HeaderOf<typeof ListUsersRequestHeader>;

/** 3006 AUTH_CREATE_ACL */
export const CreateAclRequestHeader = defineHeader('CreateAclRequestHeader', {
  /** `User:name`. */
  subject: string().optional(),
});
export type CreateAclRequestHeader = HeaderOf<typeof CreateAclRequestHeader>;

/** 3007 AUTH_UPDATE_ACL */
export const UpdateAclRequestHeader = defineHeader('UpdateAclRequestHeader', {
  /** `User:name`. */
  subject: string().optional(),
});
export type UpdateAclRequestHeader = HeaderOf<typeof UpdateAclRequestHeader>;

/** 3008 AUTH_DELETE_ACL */
export const DeleteAclRequestHeader = defineHeader('DeleteAclRequestHeader', {
  /** `User:name`. */
  subject: string().optional(),
  /** `Custom` or `Default`. */
  policyType: string().optional(),
  /** `Topic:x`, `Group:x*`, `*`, ... */
  resource: string().optional(),
});
export type DeleteAclRequestHeader = HeaderOf<typeof DeleteAclRequestHeader>;

/** 3009 AUTH_GET_ACL */
export const GetAclRequestHeader = defineHeader('GetAclRequestHeader', {
  /** `User:name`. */
  subject: string().optional(),
});
export type GetAclRequestHeader = HeaderOf<typeof GetAclRequestHeader>;

/** 3010 AUTH_LIST_ACL */
export const ListAclsRequestHeader = defineHeader('ListAclsRequestHeader', {
  subjectFilter: string().optional(),
  resourceFilter: string().optional(),
});
export type ListAclsRequestHeader = HeaderOf<typeof ListAclsRequestHeader>;

/** 50 UPDATE_AND_CREATE_ACL_CONFIG (4.x). Lists are joined by commas. */
export const CreateAccessConfigRequestHeader = defineHeader('CreateAccessConfigRequestHeader', {
  accessKey: string(),
  secretKey: string().optional(),
  whiteRemoteAddress: string().optional(),
  admin: boolean().optional(),
  defaultTopicPerm: string().optional(),
  defaultGroupPerm: string().optional(),
  /** `topicA=PUB|SUB`, ... */
  topicPerms: string().optional(),
  /** `groupA=SUB`, ... */
  groupPerms: string().optional(),
});
export type CreateAccessConfigRequestHeader = HeaderOf<typeof CreateAccessConfigRequestHeader>;

/** 51 DELETE_ACL_CONFIG (4.x) */
export const DeleteAccessConfigRequestHeader = defineHeader('DeleteAccessConfigRequestHeader', {
  accessKey: string(),
});
export type DeleteAccessConfigRequestHeader = HeaderOf<typeof DeleteAccessConfigRequestHeader>;

/** 52 GET_BROKER_CLUSTER_ACL_INFO (4.x), response */
export const GetBrokerAclConfigResponseHeader = defineHeader('GetBrokerAclConfigResponseHeader', {
  version: string(),
  /** Versions by file, as JSON. */
  allAclFileVersion: string().optional(),
  brokerName: string(),
  /** `ip:port`. */
  brokerAddr: string(),
  clusterName: string(),
});
export type GetBrokerAclConfigResponseHeader = HeaderOf<typeof GetBrokerAclConfigResponseHeader>;

/** 53 UPDATE_GLOBAL_WHITE_ADDRS_CONFIG (4.x) */
export const UpdateGlobalWhiteAddrsConfigRequestHeader = defineHeader(
  'UpdateGlobalWhiteAddrsConfigRequestHeader',
  {
    /** Joined by commas. */
    globalWhiteAddrs: string(),
    aclFileFullPath: string().optional(),
  },
);
export type UpdateGlobalWhiteAddrsConfigRequestHeader = HeaderOf<
  typeof UpdateGlobalWhiteAddrsConfigRequestHeader
>;
