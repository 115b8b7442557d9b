/** Upstream's commands (5.3.3) that this version does not serve, in lower case as they are looked up. */
export const notServed: ReadonlySet<string> = new Set(
  [
    // Users and permissions
    'createUser',
    'updateUser',
    'deleteUser',
    'getUser',
    'listUser',
    'copyUser',
    'createAcl',
    'updateAcl',
    'deleteAcl',
    'getAcl',
    'listAcl',
    'copyAcl',
    // ACL 1.0 (4.9)
    'updateAclConfig',
    'deleteAclConfig',
    'clusterAclConfigVersion',
    'updateGlobalWhiteAddr',
    'getAclConfig',
    // Static topics
    'updateStaticTopic',
    'remappingStaticTopic',
    // Controllers, containers, replication
    'getSyncStateSet',
    'getBrokerEpoch',
    'getControllerMetaData',
    'getControllerConfig',
    'updateControllerConfig',
    'electMaster',
    'cleanBrokerMetadata',
    'addBroker',
    'removeBroker',
    'resetMasterFlushOffset',
    // RocksDB, compaction, pop records, cold data limits
    'rocksDBConfigToJson',
    'checkRocksdbCqWriteProgress',
    'exportMetadataInRocksDB',
    'exportPopRecord',
    'dumpCompactionLog',
    'updateColdDataFlowCtrGroupConfig',
    'removeColdDataFlowCtrGroupConfig',
    'setCommitLogReadAheadMode',
    // Others
    'startMonitoring',
    'updateTopicList',
    'updateSubGroupList',
  ].map((name) => name.toLowerCase()),
);
