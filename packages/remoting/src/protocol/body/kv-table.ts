import { bean, jsonBody, table, text, type BodyOf } from './shape.js';

const kvTable = bean({ table: table(text) });
/** Strings by name: runtime info (28), KV namespaces (219), the order topics a registration is answered with (103). */
export type KVTable = BodyOf<typeof kvTable>;
/**
 * Body of the answers to GET_BROKER_RUNTIME_INFO (28), REGISTER_BROKER (103) and GET_KVLIST_BY_NAMESPACE (219):
 * upstream's `KVTable`. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeKVTable, decode: decodeKVTable } = jsonBody('KVTable', kvTable);

const kvConfigSerializeWrapper = bean({ configTable: table(table(text)) });
/** The NameServer's file `kvConfig.json`: values by namespace and key. */
export type KVConfigSerializeWrapper = BodyOf<typeof kvConfigSerializeWrapper>;
/**
 * The text of the NameServer's `kvConfig.json`: upstream's `KVConfigSerializeWrapper`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeKVConfigSerializeWrapper, decode: decodeKVConfigSerializeWrapper } = jsonBody(
  'KVConfigSerializeWrapper',
  kvConfigSerializeWrapper,
);
