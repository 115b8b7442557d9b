import { bean, jsonBody, table, text, type BodyOf } from './shape.js';

const kvTable = bean({ table: table(text) });
/** Strings by name: runtime info (28), KV namespaces (219), the order topics a registration is answered with (103). */
export type KVTable = BodyOf<typeof kvTable>;

const kvTableCodec = jsonBody('KVTable', kvTable);
/**
 * Encodes the body of the answers to GET_BROKER_RUNTIME_INFO (28), REGISTER_BROKER (103) and
 * GET_KVLIST_BY_NAMESPACE (219), upstream's `KVTable`.
 */
export const encodeKVTable = kvTableCodec.encode;
/**
 * Decodes the body of the answers to GET_BROKER_RUNTIME_INFO (28), REGISTER_BROKER (103) and
 * GET_KVLIST_BY_NAMESPACE (219), upstream's `KVTable`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeKVTable = kvTableCodec.decode;

const kvConfigSerializeWrapper = bean({ configTable: table(table(text)) });
/** The NameServer's file `kvConfig.json`: values by namespace and key. */
export type KVConfigSerializeWrapper = BodyOf<typeof kvConfigSerializeWrapper>;

const kvConfigSerializeWrapperCodec = jsonBody('KVConfigSerializeWrapper', kvConfigSerializeWrapper);
/** Encodes the text of the NameServer's `kvConfig.json`, upstream's `KVConfigSerializeWrapper`. */
export const encodeKVConfigSerializeWrapper = kvConfigSerializeWrapperCodec.encode;
/**
 * Decodes the text of the NameServer's `kvConfig.json`, upstream's `KVConfigSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeKVConfigSerializeWrapper = kvConfigSerializeWrapperCodec.decode;
