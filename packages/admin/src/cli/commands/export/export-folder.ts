/** Where upstream's export commands write unless told otherwise. */
export const DEFAULT_EXPORT_FOLDER = '/tmp/rocketmq/export';
